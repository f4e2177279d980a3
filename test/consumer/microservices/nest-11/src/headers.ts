export { headers } from 'nats';

export { headers } from '@nats-io/transport-node';

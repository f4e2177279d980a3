import type { ClientFacts } from './product.js';

/** User agents of about 110 characters, which many clients share. */
const USER_AGENTS = Array.from(
  { length: 50 },
  (_, index) =>
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${100 + index}.0.0.0 Safari/537.36`,
);

/** What is known of one of many clients; up to 16 million of them have addresses of their own. */
export function clientOf(index: number): ClientFacts {
  const ip = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
  return { ip: asReceived(ip), userAgent: asReceived(USER_AGENTS[index % USER_AGENTS.length]!) };
}

/** The same text in memory of its own, as it is when it comes with a request. */
function asReceived(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

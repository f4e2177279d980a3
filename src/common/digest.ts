import { hash } from 'node:crypto';

/** A key for a text: 132 bits of its SHA-256, in base64url. It has 22 characters whatever the text, and does not show it. */
export function digest(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}

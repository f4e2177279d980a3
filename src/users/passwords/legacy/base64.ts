/** Bytes in base64 without padding, as in PHC strings. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

/** How many bytes a text in base64 without padding has. */
export function bytesIn(text: string): number {
  return Math.floor((text.length * 3) / 4);
}

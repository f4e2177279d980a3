/** The text of bytes, without a byte order mark; null for what is not UTF-8 or has NUL characters, as UTF-16 has. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

/** Whether Node decoded a text without errors: it replaces bytes that are not UTF-8 by U+FFFD. */
export function isDecoded(text: string): boolean {
  return !text.includes('\uFFFD');
}

/** Decodes UTF-8 without a byte order mark; null for other bytes and for NUL characters, as in UTF-16. */
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

/** What a value may be of which a program for spreadsheets makes a cell. */
export type CsvValue = string | number | null | undefined;

/**
 * Where a cell could begin that a program for spreadsheets executes: at the beginning, or after a character that some of them take for
 * the end of a cell, also behind quotes, spaces and invisible characters; before `=`, `+`, `-` and `@` in any width, or before a tab or
 * the end of a line.
 */
const FORMULA =
  /(?<=^|[,;|\t\r\n])(?=[\s\p{Z}\p{Cc}\p{Cf}"'`´‘’‚‛“”„‟«»＂＇]*[=+\-@＝＋－＠﹦﹢﹣﹫−]|[\t\r\n])/gu;

/** A record of CSV (RFC 4180). A text gets an apostrophe wherever a program for spreadsheets could execute it. */
export function csvLine(values: readonly CsvValue[]): string {
  return `${values.map(cellOf).join(',')}\r\n`;
}

function cellOf(value: CsvValue): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = value.replace(FORMULA, "'");
  return /[",;|'\s]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

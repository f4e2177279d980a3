import { printable } from '../common/printable.js';
import { withPackages } from '../common/with-packages.js';
import { NEEDS } from './needed-packages.js';
import { withoutSecrets } from './store-url.js';
import type { TableOptions } from './table-options.js';

/**
 * SQL that brings the tables of a database from their present state up to date, as one transaction. Changes nothing. Throws
 * if there are rows whose new values this program computes.
 */
export async function migrationScript(url: string, tables: TableOptions): Promise<string> {
  const label = printable(withoutSecrets(url));
  try {
    const statements = await statementsOf(url, tables);
    return statements.length === 0
      ? `-- Up to date: ${label}`
      : `-- For ${label}\n${statements.map((statement) => `${statement.trim()};`).join('\n')}`;
  } catch (error) {
    throw new Error(`Cannot print the migration of ${label}: ${(error as Error).message}`, { cause: error });
  }
}

function statementsOf(url: string, tables: TableOptions): Promise<string[]> {
  const [, file] = /^sqlite:(.+)$/s.exec(url) ?? [];
  return file === undefined
    ? withPackages(NEEDS.postgres, async () =>
        (await import('./sql/postgres.database.js')).postgresScript(url, tables),
      )
    : withPackages(NEEDS.sqlite, async () =>
        (await import('./sql/sqlite.database.js')).sqliteScript(file, tables),
      );
}

import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { decodeUtf8 } from '../../common/utf8.js';
import { ConfigError } from './config.js';

const FILE = '.env';

/**
 * Adds the variables of the file `.env` in the working folder, if it exists. Changes no variable that is set. Throws
 * `ConfigError` if the file cannot be read.
 */
export function loadEnvFile(variables: Record<string, string | undefined>): void {
  const text = decodeUtf8(readIfExists() ?? Buffer.alloc(0));
  if (text === null) throw new ConfigError([`${FILE}: is not UTF-8; write the file in this encoding`]);
  for (const [name, value] of Object.entries(parseEnv(text))) variables[name] ??= value;
}

function readIfExists(): Buffer | null {
  try {
    return readFileSync(FILE);
  } catch (error) {
    if (Object(error).code === 'ENOENT') return null;
    throw new ConfigError([`${FILE}: cannot be read`]);
  }
}

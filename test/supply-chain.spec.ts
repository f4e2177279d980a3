import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly hasInstallScript?: true;
  readonly dev?: true;
  readonly devOptional?: true;
  readonly peer?: true;
}

interface Sbom {
  readonly bomFormat: string;
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

/** Free to use, change and hand on; MPL's files stay open, which they are. */
const LICENCES = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
  'MPL 2.0',
  'MPL-2.0',
  'Python-2.0',
  '(BSD-2-Clause OR MIT OR Apache-2.0)',
  '(MIT OR WTFPL)',
]);

/** What their own packages say, where the lock does not. */
const SAID_ELSEWHERE: Readonly<Record<string, string>> = { busboy: 'MIT', streamsearch: 'MIT' };

/** Native addons, which are compiled where no binary comes with them. */
const ADDONS = ['bcrypt', 'better-sqlite3'];

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, Locked>;
};
const { allowScripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  allowScripts: Record<string, boolean>;
};
const production = Object.entries(packages)
  .filter(([path, one]) => path !== '' && !one.dev && !one.devOptional)
  .map(([path, { version, license, hasInstallScript, peer }]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return { name, version, license, hasInstallScript, peer };
  });

describe('The production packages', () => {
  it('have licences that let them be used', () => {
    const licences = production.map(({ name, license = SAID_ELSEWHERE[name] }) => ({ name, license }));
    expect(licences.filter(({ license }) => !LICENCES.has(license ?? ''))).toEqual([]);
  });

  it('run nothing when they are installed, but native addons', () => {
    const allowed = production.filter(({ name, hasInstallScript }) => hasInstallScript && allowScripts[name]);
    expect(allowed.map(({ name }) => name)).toEqual(ADDONS);
    const undecided = production.filter(
      ({ name, hasInstallScript }) => hasInstallScript && !(name in allowScripts),
    );
    expect(undecided).toEqual([]);
  });

  it('are in the bill of materials, each in its version', async () => {
    const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
    const { stdout } = await promisify(execFile)('npm', args, { maxBuffer: 1 << 26 });
    const { bomFormat, components } = JSON.parse(stdout) as Sbom;
    expect(bomFormat).toBe('CycloneDX');
    const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
    const needed = production.filter(({ peer }) => !peer).map(({ name, version }) => `${name}@${version}`);
    expect(needed.filter((one) => !listed.has(one))).toEqual([]);
  });
});

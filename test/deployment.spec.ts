import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { validate } from 'dockerfile-utils';
import { parse } from 'yaml';
import { loadConfig } from '../src/server/config/load-config.js';
import { describeIf } from './support/describe-if.js';
import { freePort } from './support/engines.js';
import { Server, newFolder } from './support/server.js';

const run = promisify(execFile);

const describeWithSystemd = await describeIf('systemd-analyze', 'PATH', async () => {
  await run('systemd-analyze', ['--version']);
});

interface Service {
  readonly image?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const dockerfile = readFileSync('Dockerfile', 'utf8');
const { services } = parse(readFileSync('compose.yaml', 'utf8')) as { services: Record<string, Service> };

/** The arguments of all instructions of a kind, in their order. */
const instructions = (kind: string) =>
  [...dockerfile.matchAll(new RegExp(`^${kind} (.+)$`, 'gm'))].map(([, text = '']) => text);

describe('The Dockerfile', () => {
  it('has no fault that the linter knows', () => {
    expect(validate(dockerfile)).toEqual([]);
  });

  it('names a version of each image', () => {
    const images = [
      ...instructions('FROM').map((text) => text.split(' ')[0]),
      ...Object.values(services).flatMap(({ image }) => image ?? []),
    ];
    expect(images.filter((image) => !/^\w+:\d[\w.-]+$/.test(image ?? ''))).toEqual([]);
    expect(images).toHaveLength(4);
  });

  it('runs as a user without rights, and writes to one folder', () => {
    expect(instructions('USER')).toEqual(['node']);
    expect(instructions('VOLUME')).toEqual(['/data']);
    expect(dockerfile.indexOf('\nUSER ')).toBeLessThan(dockerfile.indexOf('\nCMD '));
  });

  it('copies files that exist and that .dockerignore lets in', () => {
    const allowed = readFileSync('.dockerignore', 'utf8').split('\n');
    const copied = instructions('COPY')
      .filter((text) => !text.startsWith('--from'))
      .flatMap((text) => text.split(' ').slice(0, -1));
    expect(copied.filter((file) => !existsSync(file) || !allowed.includes(`!${file}`))).toEqual([]);
    expect(allowed[0]).toBe('*');
  });
});

describe('The health check of the image', () => {
  const check = async (variables: Readonly<Record<string, string>>) => {
    const env = { PATH: process.env.PATH, ...variables };
    return run(process.execPath, ['scripts/healthcheck.js'], { env }).then(
      () => 0,
      ({ code }: { code: number }) => code,
    );
  };

  it.each(['/api/v1', '/'])('passes while the server answers under the prefix %s', async (API_PREFIX) => {
    const server = await Server.start(newFolder(), { API_PREFIX });
    const { port } = new URL(server.url);
    expect(await check({ API_PORT: port, API_PREFIX })).toBe(0);
    await server.stop();
    expect(await check({ API_PORT: port, API_PREFIX })).toBe(1);
  });

  it('fails if another server has the port', async () => {
    const server = await Server.start(newFolder());
    expect(await check({ API_PORT: new URL(server.url).port, API_PREFIX: '/other' })).toBe(1);
    await server.stop();
  });

  it('fails if nothing listens', async () => {
    expect(await check({ API_PORT: String(await freePort()) })).toBe(1);
  });
});

describe('The Compose file', () => {
  it('gives the server variables that it accepts', () => {
    const passwords = JSON.stringify(services['coatcheck']?.environment).replaceAll(
      /\$\{\w+:\?[^}]*\}/g,
      'a1b2c3',
    );
    const { warnings, storage } = loadConfig({
      NODE_ENV: 'production',
      ...JSON.parse(passwords),
      FACTOR_KEY: 'a-key-of-factors-with-32-characters',
    });
    expect(warnings).toEqual([]);
    expect(storage).toMatchObject({
      database: 'postgres://coatcheck:a1b2c3@postgres:5432/coatcheck',
      sessions: 'redis://default:a1b2c3@redis:6379/0',
    });
  });

  it('runs the server with a read-only root and without capabilities', () => {
    expect(services['coatcheck']).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  });
});

describeWithSystemd('The unit of systemd', () => {
  it('has no fault that systemd knows', async () => {
    const unit = join(newFolder(), 'coatcheck.service');
    // systemd looks for the program that the unit starts; Node is elsewhere on this machine.
    writeFileSync(
      unit,
      readFileSync('deploy/coatcheck.service', 'utf8').replace('/usr/bin/node', process.execPath),
    );
    // It also names faults of other units of this machine.
    const { stderr } = await run('systemd-analyze', ['verify', unit]);
    expect(stderr).not.toContain('coatcheck');
  });
});

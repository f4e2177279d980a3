import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './engines.js';
import { newFolder } from './server.js';

const NGINX = process.env.TEST_NGINX ?? '/usr/sbin/nginx';

export function hasNginx(): boolean {
  return existsSync(NGINX);
}

/** What is not nginx's default. */
export interface NginxSettings {
  /** Whether it keeps connections to its backends open. */
  readonly keepAlive: boolean;
  /** Whether it reads all of a request before it sends it on. */
  readonly buffering: boolean;
}

/** An nginx of its own on a free port of 127.0.0.1, in front of several backends. */
export class Nginx {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
  ) {}

  static async start(backends: readonly string[], settings: NginxSettings): Promise<Nginx> {
    const folder = newFolder();
    const port = await freePort();
    writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port, backends, settings));
    const child = spawn(NGINX, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: 'ignore' });
    const nginx = new Nginx(port, child);
    for (let tries = 0; !(await isOpen(port)); tries += 1) {
      if (tries === 100 || child.exitCode !== null) throw new Error('nginx does not start.');
      await delay(50);
    }
    return nginx;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}

function configuration(
  folder: string,
  port: number,
  backends: readonly string[],
  { keepAlive, buffering }: NginxSettings,
): string {
  const servers = backends.map((url) => `server ${new URL(url).host};`).join(' ');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  return `
    daemon off;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_processes 1;
    pid ${join(folder, 'nginx.pid')};
    events { worker_connections 512; }
    http {
      access_log off;
      client_max_body_size 64m;
      ${paths.join('\n')}
      upstream coatcheck { ${servers} ${keepAlive ? 'keepalive 16;' : ''} }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://coatcheck;
          proxy_request_buffering ${buffering ? 'on' : 'off'};
          ${keepAlive ? 'proxy_http_version 1.1; proxy_set_header Connection "";' : ''}
        }
      }
    }`;
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

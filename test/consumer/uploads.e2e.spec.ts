import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  type INestApplication,
  Module,
  Param,
  Post,
  Req,
  UploadedFile,
  UseInterceptors,
} from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { AuthModule, Public, ReadsOwnBody, SessionsModule, StorageModule, UsersModule } from 'coatcheck';
import { createApp } from 'coatcheck/server';
import { type FastifyInstance, type FastifyRequest, errorCodes } from 'fastify';

const IMPORTS = [
  StorageModule.forRoot({ database: 'memory:' }),
  UsersModule.forRoot({ passwordCost: 4 }),
  SessionsModule.forRoot(),
  AuthModule.forRoot({ type: 'session_auth', cookie: { name: 'sid', secure: false } }),
];

interface MulterFile {
  readonly originalname: string;
  readonly size: number;
}

@Controller('files')
class MulterController {
  @Post('private')
  @ReadsOwnBody()
  @UseInterceptors(FileInterceptor('file'))
  private(@UploadedFile() { size }: MulterFile) {
    return { size };
  }

  @Post(':folder/public')
  @Public()
  @ReadsOwnBody()
  @UseInterceptors(FileInterceptor('file'))
  public(@UploadedFile() { size, originalname }: MulterFile, @Param('folder') folder: string) {
    return { folder, name: originalname, size };
  }
}

@Module({ imports: IMPORTS, controllers: [MulterController] })
class MulterModule {}

/** Requests that the parser has marked, as that of `@fastify/multipart` does. It reads nothing. */
const marked = new WeakSet<object>();

@Controller('files')
class FastifyController {
  @Post('private')
  @ReadsOwnBody()
  private(@Req() request: FastifyRequest) {
    return this.#read(request);
  }

  @Post(':folder/public')
  @Public()
  @ReadsOwnBody()
  public(@Req() request: FastifyRequest) {
    return this.#read(request);
  }

  @Post('json')
  @Public()
  json(@Req() request: FastifyRequest) {
    return this.#read(request);
  }

  @Post('large')
  @Public()
  @ReadsOwnBody()
  large() {
    throw new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE();
  }

  async #read(request: FastifyRequest) {
    return {
      isMarked: marked.has(request),
      type: request.headers['content-type'],
      text: await text(request.raw),
    };
  }
}

@Module({ imports: IMPORTS, controllers: [FastifyController] })
class FastifyModule {}

describe('A file that is uploaded to a hardened server', () => {
  const apps: INestApplication[] = [];

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  async function serve(module: Parameters<typeof createApp>[0], adapter: 'express' | 'fastify') {
    const app = await createApp(module, { prefix: '', adapter }, { logger: false, abortOnError: false });
    apps.push(app);
    const seen: string[] = [];
    if (adapter === 'fastify')
      (app.getHttpAdapter().getInstance() as FastifyInstance).addContentTypeParser(
        'multipart/form-data',
        (request, _payload, done) => {
          seen.push(request.url);
          marked.add(request);
          done(null);
        },
      );
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const upload = async (path: string) => {
      const body = new FormData();
      body.append('file', new File(['x'.repeat(100_000)], 'coat.txt'));
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body });
      // oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects to be there
      return { status: response.status, body: (await response.json()) as any };
    };
    return { upload, seen };
  }

  it('is read by Multer on Express, after the guards', async () => {
    const { upload } = await serve(MulterModule, 'express');
    expect(await upload('/files/a/public')).toEqual({
      status: 201,
      body: { folder: 'a', name: 'coat.txt', size: 100_000 },
    });
    expect(await upload('/files/private')).toMatchObject({
      status: 401,
      body: { code: 'credentials_missing' },
    });
  });

  it('is announced to the parser of the application on Fastify, and read after the guards', async () => {
    const { upload, seen } = await serve(FastifyModule, 'fastify');
    const { status, body } = await upload('/files/a/public');
    expect([status, body.isMarked]).toEqual([201, true]);
    expect(body.type).toMatch(/^multipart\/form-data; boundary=/);
    expect(body.text).toContain('x'.repeat(100_000));
    expect(await upload('/files/private')).toMatchObject({
      status: 401,
      body: { code: 'credentials_missing' },
    });
    expect(seen).toEqual(['/files/a/public', '/files/private']);
  });

  it('that is too large for the parser of the application is refused, and no unexpected error', async () => {
    const { upload } = await serve(FastifyModule, 'fastify');
    expect(await upload('/files/large')).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
  });

  it('is refused on Fastify where the handler does not read its own body', async () => {
    const { upload, seen } = await serve(FastifyModule, 'fastify');
    expect(await upload('/files/json')).toMatchObject({
      status: 415,
      body: { code: 'unsupported_media_type' },
    });
    expect(await upload('/auth_session/login')).toMatchObject({ status: 415 });
    expect(seen).toEqual([]);
  });
});

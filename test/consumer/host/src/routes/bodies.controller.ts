import { createHmac } from 'node:crypto';
import {
  Body,
  Controller,
  FileTypeValidator,
  HttpCode,
  MaxFileSizeValidator,
  ParseFilePipe,
  Post,
  type RawBodyRequest,
  Req,
  UnauthorizedException,
  UploadedFile,
  UploadedFiles,
  UseInterceptors,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { AnyFilesInterceptor, FileInterceptor } from '@nestjs/platform-express';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request } from 'express';
import { text } from 'node:stream/consumers';
import { Public } from '#auth';

@Controller('bodies')
@Public()
export class BodiesController {
  /** Whatever the parsers made of the body. */
  @Post('any')
  any(@Body() body: unknown, @Req() request: Request) {
    return { kind: typeof body, type: request.headers['content-type'] ?? null, body: body ?? null };
  }

  /** Read by the handler itself, where no parser was there before. */
  @Post('stream')
  async stream(@Req() request: Request) {
    return { read: request.readableEnded ? null : (await text(request)).length };
  }

  @Post('upload')
  @UseInterceptors(FileInterceptor('file'))
  upload(
    @UploadedFile(
      new ParseFilePipe({
        validators: [
          new MaxFileSizeValidator({ maxSize: 1000 }),
          new FileTypeValidator({ fileType: 'text/plain', skipMagicNumbersValidation: true }),
        ],
      }),
    )
    file: Express.Multer.File,
    @Body() body: unknown,
  ) {
    return { name: file.originalname, size: file.size, content: file.buffer.toString(), body };
  }

  @Post('uploads')
  @UseInterceptors(AnyFilesInterceptor({ limits: { files: 2 } }))
  uploads(@UploadedFiles() files: Express.Multer.File[], @Body() body: unknown) {
    return { files: files.map(({ fieldname, size }) => ({ fieldname, size })), body };
  }
}

@ApiExcludeController()
@Controller({ path: 'webhooks', version: VERSION_NEUTRAL })
@Public()
export class WebhooksController {
  @Post('signed')
  @HttpCode(200)
  signed(@Req() { rawBody, headers }: RawBodyRequest<Request>) {
    const hmac = createHmac('sha256', 'webhook')
      .update(rawBody ?? '')
      .digest('hex');
    if (headers['x-signature'] !== hmac) throw new UnauthorizedException('The signature is wrong.');
    return { bytes: rawBody?.length ?? null };
  }
}

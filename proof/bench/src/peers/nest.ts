import { NestFactory } from '@nestjs/core';
import { ConstantModule } from './constant.module.js';
import { listenNest } from './listen.js';

await listenNest(await NestFactory.create(ConstantModule));

import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConstantModule } from './constant.module.js';
import { listenNest } from './listen.js';

await listenNest(await NestFactory.create<NestFastifyApplication>(ConstantModule, new FastifyAdapter()));

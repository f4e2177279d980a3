import { Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { Pool } from 'pg';
import { PrismaClient } from './generated/client.js';

@Injectable()
export class PrismaService extends PrismaClient implements OnApplicationShutdown {
  constructor(pool: Pool) {
    super({ adapter: new PrismaPg(pool, { schema: process.env.DATABASE_SCHEMA ?? 'public' }) });
  }

  onApplicationShutdown(): Promise<void> {
    return this.$disconnect();
  }
}

@Module({
  providers: [
    { provide: Pool, useFactory: () => new Pool({ connectionString: process.env.DATABASE_URL }) },
    PrismaService,
  ],
  exports: [Pool, PrismaService],
})
export class PrismaModule {}

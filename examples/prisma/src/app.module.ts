import { Module } from '@nestjs/common';
import { CoatcheckModule } from 'coatcheck';
import { postgres } from 'coatcheck/postgres';
import { Pool } from 'pg';
import { AppUserDirectory } from './app-user.directory.js';
import { PrismaModule } from './prisma.module.js';
import { StaffController } from './staff.controller.js';

@Module({
  imports: [
    CoatcheckModule.forRootAsync({
      imports: [PrismaModule],
      users: { directory: AppUserDirectory },
      inject: [Pool],
      useFactory: (pool: Pool) => ({ storage: { database: postgres(pool) } }),
    }),
  ],
  controllers: [StaffController],
})
export class AppModule {}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CoatcheckModule } from 'coatcheck';
import { postgres } from 'coatcheck/postgres';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { AppUserDirectory } from './app-user.directory.js';
import { AppUser } from './app-user.js';
import { StaffController } from './staff.controller.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL!, entities: [AppUser] }),
    CoatcheckModule.forRootAsync({
      imports: [TypeOrmModule.forFeature([AppUser])],
      users: { directory: AppUserDirectory },
      inject: [DataSource],
      useFactory: (dataSource: DataSource) => ({
        storage: { database: postgres((dataSource.driver as PostgresDriver).master) },
      }),
    }),
  ],
  controllers: [StaffController],
})
export class AppModule {}

import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { CoatcheckModule } from 'coatcheck';
import { AppUserDirectory } from './app-user.directory.js';
import { AppUser, AppUserSchema } from './app-user.js';
import { StaffController } from './staff.controller.js';

@Module({
  imports: [
    MongooseModule.forRoot(process.env.MONGO_URL!),
    CoatcheckModule.forRoot({
      imports: [MongooseModule.forFeature([{ name: AppUser.name, schema: AppUserSchema }])],
      users: { directory: AppUserDirectory },
      storage: { database: process.env.DATABASE_URL! },
    }),
  ],
  controllers: [StaffController],
})
export class AppModule {}

import type { INestApplication } from '@nestjs/common';
import { AuthModule, SessionsModule, StorageModule, UsersModule, UsersService } from 'coatcheck';

export { Public, Roles } from 'coatcheck';

export const modules = [
  StorageModule.forRoot({ database: 'memory:' }),
  UsersModule.forRoot({ passwordCost: 4 }),
  SessionsModule.forRoot(),
  AuthModule.forRoot({ type: 'session_auth', cookie: { name: 'sid', secure: false } }),
];

export async function addUsers(app: INestApplication): Promise<void> {
  const users = app.get(UsersService);
  const [password, firstName, lastName] = ['correct horse battery', null, null];
  await users.create({ email: 'ann@example.com', password, firstName, lastName }, 'user');
  await users.create({ email: 'root@example.com', password, firstName, lastName }, 'admin');
}

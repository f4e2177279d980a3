import { AuthOptions, BasicAuth, MemorySessionStore } from 'coatcheck';
import { describeAuth, describeSessionStore } from 'coatcheck/testing';

class OwnSessionStore extends MemorySessionStore {}

describeSessionStore('OwnSessionStore', () =>
  Promise.resolve({ store: new OwnSessionStore(), close: () => Promise.resolve() }),
);

class OwnAuth extends BasicAuth {}

describeAuth('OwnAuth', { remembers: false }, ({ users }) => ({
  auth: new OwnAuth(users.passwords, new AuthOptions({ type: 'basic_auth' })),
  headersOf: ({ email }, password) => ({ authorization: `Basic ${btoa(`${email}:${password}`)}` }),
  forgeries: [{ authorization: `Basic ${btoa('ann@example.com:a guess')}` }],
}));

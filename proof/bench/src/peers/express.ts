import express from 'express';
import { listenExpress } from './listen.js';
import { ANYBODY } from './people.js';

const app = express();
app.use(express.json());
app.get('/users/me', (_request, response) => {
  response.json(ANYBODY);
});
listenExpress(app);

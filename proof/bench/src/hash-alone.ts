import { createRequire } from 'node:module';
import type bcrypt from 'bcrypt';
import { PRODUCT } from './paths.js';

/** Prints how many hashes a second this process makes with the product's own bcrypt, doing nothing else. */
const { hashSync } = createRequire(PRODUCT)('bcrypt') as typeof bcrypt;
const cost = Number(process.env['HASH_COST']);
const seconds = Number(process.env['SECONDS']);
const begin = performance.now();
let hashes = 0;
while (performance.now() < begin + seconds * 1000) {
  hashSync('a password', cost);
  hashes += 1;
}
console.log(hashes / ((performance.now() - begin) / 1000));

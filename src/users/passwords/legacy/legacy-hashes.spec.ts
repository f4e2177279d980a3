import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { aTaskOwner } from '../../../testing/samples.js';
import { BcryptPasswordHasher } from '../bcrypt.password-hasher.js';
import { pbkdf2Hash } from './pbkdf2.js';
import { scryptHash } from './scrypt.js';

const PASSWORD = 'correct horse battery staple';
const DEVISE_PEPPER = 'devise-pepper-devise-pepper-devise-pepper-devise-pepper-';
const owner = aTaskOwner();

/** Does not delay the result of a cheap hash. */
class ImpatientHasher extends BcryptPasswordHasher {
  protected override async wait(): Promise<void> {}
}

const hasherOf = (devisePepper: string | null = null) =>
  new ImpatientHasher({ cost: 4, pepper: 'a-pepper-of-more-than-32-characters', devisePepper });

beforeAll(() => Logger.overrideLogger(false));

/**
 * Hashes of `PASSWORD` with the default parameters of each system, made by the system itself:
 *
 * - Django 5.2.17: `make_password(PASSWORD, hasher=<algorithm>)`
 * - Werkzeug 3.1.9: `generate_password_hash(PASSWORD, method=<method>)`
 * - passlib 1.7.4: `passlib.hash.<name>.hash(PASSWORD)`
 * - Laravel: PHP 8.2.36, `password_hash(PASSWORD, PASSWORD_BCRYPT | PASSWORD_ARGON2I | PASSWORD_ARGON2ID)`, as its `Hash::make`
 * - Devise 4.8.1 with bcrypt-ruby 3.1.18: `Devise::Encryptor.digest(klass, PASSWORD)` with 12 stretches
 * - Better Auth 1.7.25: `hashPassword(PASSWORD)` of `better-auth/crypto`
 * - bcryptjs 3: `hashSync(PASSWORD, 10)`
 * - argon2-cffi 25.1.0: `argon2.low_level.hash_secret(PASSWORD, …, type=…)` with the parameters in the hash
 */
const USUAL: readonly (readonly [system: string, hash: string])[] = [
  [
    'Django pbkdf2_sha256',
    'pbkdf2_sha256$1000000$hztpv0WmJn4wzKW2AY1YkN$68kn/hxB7PldFCVJWiOnYLz9jqPvcY1T6Uh+1VvWwII=',
  ],
  ['Django pbkdf2_sha1', 'pbkdf2_sha1$1000000$bOvkGZt219jfTJ5vVU40Yb$AWOZLqTW8m3Ui23mTL4RCn/yVbg='],
  [
    'Django argon2',
    'argon2$argon2id$v=19$m=102400,t=2,p=8$WUxBcE5FWDdjWWlCa1JFMGd5SEdGWg$njSAIDpWA9TDjUwmMWNQuw9gUSUnYQw0vNds9uptEuQ',
  ],
  ['Django bcrypt_sha256', 'bcrypt_sha256$$2b$12$Wqu9xqGCZHZTVx6SDt8QROi6FE6WcQMlVZ0Faoo1N83zial8hkGDG'],
  ['Django bcrypt', 'bcrypt$$2b$12$Mc4pe6EOCCgqV48i1WQfKeViNhSe0/X2YmwwdJIviRLoUtKy7FDSC'],
  [
    'Django scrypt',
    'scrypt$16384$6CwNePOECNsY2JdKM00jFv$8$5$LkcPPo5aXscloVbBHaWdb0DCTC71U3X7W3BAYO5nvnSUiQbP50AbhZpwUiarZtv2S5ll6uY3Fsr/Y6e08yReUw==',
  ],
  [
    'Werkzeug scrypt',
    'scrypt:32768:8:1$BDa9gv4d2J20V4vr$3400beddbadb50db528a2241b6ea26d8e80d76187685fbd89745ed8a57190235c5eac930828e4b3580b95cf2ac9a7a575d8749f61e36bf654aa7ced5b1896920',
  ],
  [
    'Werkzeug pbkdf2',
    'pbkdf2:sha256:1000000$xisIiun9YBIkh3vb$5ccb30fd86c1fb10946b5f64ba353dc4514383a4a69a1142d088beba1992d371',
  ],
  [
    'Werkzeug pbkdf2:sha1:600000',
    'pbkdf2:sha1:600000$owSfnuBudziLp0L8$93b9ce79941fbbe08e8547f8a99b2ac80e1a1ce7',
  ],
  [
    'Werkzeug pbkdf2:sha512:210000',
    'pbkdf2:sha512:210000$Y6k8qxCSc3jUvzMv$b61a4075e872aa0cd4f9fe1f7f2bb63f1bc950317a92adaa962ce6ef5cd7d50a640537b4e8e214e731bedf94d0cc0374613c75aca37d5b864fffa557ba545a5c',
  ],
  [
    'passlib pbkdf2_sha256',
    '$pbkdf2-sha256$29000$uFeKMaa0VkrpHeO8d.4dow$ISu61z6ndd2lDua/KnanvZ0HszMUOEt7JBRtxi43pV4',
  ],
  [
    'passlib pbkdf2_sha512',
    '$pbkdf2-sha512$25000$59ybc845Z0ypVQqhdM7Z2w$rsRYoelxI6/YojnSni/SIEfUSdMKUsR/Yo3ffmyB5lrMz1IGoGAjdU95jPLOlEHYX8F223zoj0vo0ACxNPvZfw',
  ],
  ['passlib pbkdf2_sha1', '$pbkdf2$131000$o9R6T6n1Xqv1PgdgDCFESA$K758i8dvRTSubaHH6B1idP1YlqI'],
  [
    'passlib scrypt',
    '$scrypt$ln=16,r=8,p=1$g1DKOUfImbPWmnMOwfgfow$H5JYPNaB/1S5+Ttw7tNXjIjSwEXne619qETnmGJUuek',
  ],
  ['Laravel bcrypt', '$2y$12$ETxP/nlbhxO7hbwx9XOhNOjHF9ttRsd9/W0ZcFi4Xxn0.f5ln5iPy'],
  [
    'Laravel argon',
    '$argon2i$v=19$m=65536,t=4,p=1$akdqd0ZZVDVMTW84bTgxSA$zRdg+/TlKWErTA/IobUE69BjYqOQkxtis5QzhCUoelA',
  ],
  [
    'Laravel argon2id',
    '$argon2id$v=19$m=65536,t=4,p=1$UU5TRnh2d1ZmSWp3MHJFUg$fIXALNyP/RVi5HDG/xkHnQYoLvUS9OrGsDeolSyyMX0',
  ],
  ['Devise', '$2a$12$vhpY1wujqDzp8yIrykDtE.Z5Cr39EZ5sjDuSeAl6IQFaMPmcGdYCO'],
  [
    'Better Auth',
    'fe39fc71ee93750350545095938b3d7b:1936fc8bdd5c89d8dc637c95f570fd6f9796a169a425c02a6c70f2868ef9aa45f650d1ec541c625917e77dcc5bb3c2d404fd52ca8a3d8135fd4b5369d13cb726',
  ],
  ['bcryptjs', '$2b$10$TRbf21JKcFmw19k3h8OCdOUZVOKTrGGHnzynq2Q4wi.D2jcYPAjaK'],
  [
    'argon2-cffi Argon2i',
    '$argon2i$v=19$m=65536,t=3,p=4$wz0q6TN0jnRisnTmuchT9w$Xhmt3prP953zu3iA3XN2QCKL6B087Xms+wcbZEh1Mso',
  ],
  [
    'argon2-cffi Argon2d',
    '$argon2d$v=19$m=65536,t=3,p=4$eSmopHfuf8Ojmu9xQa2MvA$IjQJV3EQqwI8yZaKMTBSbFY8kcU+3a3RAVQ3yAh8jUc',
  ],
  [
    'argon2-cffi Argon2id',
    '$argon2id$v=19$m=65536,t=3,p=4$mwNdqt1uOz/znJuyT2X+BQ$Th1eB00J9wzr359CnAZ9l9M0YWIC12l6pBDwUP9AHV4',
  ],
  [
    'argon2-cffi version 16',
    '$argon2i$v=16$m=4096,t=3,p=1$vcKiRXm1Wpuxvu1+2qmJRg$i/TCD2yahPo2h3hoPPmXtZHIEdWPK9OR3rH6JwxwD54',
  ],
  [
    'Argon2 before it had versions',
    '$argon2i$m=4096,t=3,p=1$vcKiRXm1Wpuxvu1+2qmJRg$i/TCD2yahPo2h3hoPPmXtZHIEdWPK9OR3rH6JwxwD54',
  ],
];

/** The same at small cost, made by the same functions with explicit parameters. */
const CHEAP: readonly (readonly [system: string, hash: string])[] = [
  [
    'Django pbkdf2_sha256',
    'pbkdf2_sha256$1000$3JXqKaP0Vh1tmnsrvkzGaD$aKK52d5u1Y4JFHHvUkd/Ed4A53QD9pDW/9W1oN7qK0Q=',
  ],
  ['Django pbkdf2_sha1', 'pbkdf2_sha1$1000$0iQgX4rxcvuig8VLHVDhvj$68QkwGxgIHoA6P7HfwiK9Wz6kd4='],
  ['Django bcrypt_sha256', 'bcrypt_sha256$$2b$04$ZxmZMDyfhFhrhZYh9QHQPORyhwLqmy3i7UUpFqr3yaOA6SbBtk4a6'],
  ['Django bcrypt', 'bcrypt$$2b$04$yq.a5BILrlxcE5kc3oKF.uSUn/JyGF5SIRfem3DPvRP7YgiGgfLga'],
  [
    'Django scrypt',
    'scrypt$1024$jrWsQ00hj4OEhb1nZXL0ML$8$1$PxWwKQntS/tZ6jRJC7zSJ4KTFSxemYxVElO3cNt7oRsOPAEYDeW99nfvt4CFg8FjM5tT6u+tc5w5o5haO/vviQ==',
  ],
  [
    'Werkzeug scrypt',
    'scrypt:1024:8:1$n6MMz2wSfg5MQsyt$50888a57ff12dff54a761e4196788cc4bd721d923b2e82c8f90b337b02bf360f46f228614d572621b54176e1acfec85dc658a4b559267c6f8282b561ae009e41',
  ],
  ['Werkzeug pbkdf2:sha1', 'pbkdf2:sha1:1000$jQQVPIjWIxvCiqFC$cd4363eceb62c35f5566f00d53f51ce315166c2b'],
  [
    'Werkzeug pbkdf2:sha256',
    'pbkdf2:sha256:1000$vL7kGFEzAYCAvK9T$cee4ae96e2853f5cbfe917d9357617404a68efe2dd1dac2b27571faa61c032be',
  ],
  [
    'Werkzeug pbkdf2:sha512',
    'pbkdf2:sha512:1000$y4UC0PgvhPfd1MM7$d69802c591398ccb52eb29877f672cfcdd46e89b322a5909c27a0bf03119e643f2b4f628a67d4dfff8eb66bc387e34c7f70da5c5d91da14e2c731f24628e8bf7',
  ],
  [
    'passlib pbkdf2_sha256',
    '$pbkdf2-sha256$1000$ek.p1ZrT.p9zrtWa07oX4g$XhVIkbM2gK3WjlmE5Pfs6gJTUC1ZpQj/z7lVr8vuzOg',
  ],
  ['passlib pbkdf2_sha1', '$pbkdf2$1000$cM45p7TW2vv/vzdmDCHE2A$sFFEbhtxZVr.MTgnAp.brmylabg'],
  [
    'passlib scrypt',
    '$scrypt$ln=4,r=8,p=1$7R1DCEFISQlhDOEcY0xJiQ$ePqQd4MgSPiNTRtsqakCZmsbNg868GTbbRVHM3CaMNI',
  ],
  ['PHP bcrypt', '$2y$04$rXGdJR8bov35fkvrgkJtPOzCkklxUVJ3qf0T8NZRPJ2Impau2tjw.'],
  [
    'argon2-cffi Argon2i',
    '$argon2i$v=19$m=256,t=3,p=2$FI0LXglFGO3lLWXybyH1tw$eOOT91pyoHwmzyzH0xWNa18016kjOryiqJxlIAyHxuI',
  ],
  [
    'argon2-cffi Argon2d',
    '$argon2d$v=19$m=256,t=3,p=2$FSpvQ9aEVCkAW0xAf2lG3g$fz30Z1invD5QcK0ZVN7rYIrhTtvUis2Ta/YB6D0S8wY',
  ],
  [
    'argon2-cffi Argon2id',
    '$argon2id$v=19$m=256,t=3,p=2$hyG9HK2GAvzM5x/kO3nMRQ$mPDKQg7p94Itz6AN1f87X/HBhPGkNQWVeTuIV1epOEQ',
  ],
];

/** The columns `salt` and `hash` of passport-local-mongoose 9.2.0 after `setPassword(PASSWORD)`. */
const PASSPORT_LOCAL_MONGOOSE = {
  salt: 'e13ca55067de8cb828d49b6c41fb5a182983a403c603caa8ec40914e701fc347',
  hash: '324073a6985a6e7ca825f7c6321ef1b09ed23ffc8bc98d4157bcb554e6c85562d84c58141172e6f5e3d274a60ed7aaf1b36fd741c6802981044ffdb360b01fc5270f815b37491c4cd36e7ecb111ab1474750e4c3022cad450c0f614a2005756ed2b04b81e82a2aec66bf65337bf9d4db89d958422b178ae1b9f55ce00fed6e54273f300187f3fb3f6445a6258652019421a177b78ad9c5eaf70b484db2701b5da589a746640940f6edcd4ca4837ca369f5e1b20fdc4febf5950bb5be250e3cabaaca425ba5ebad43fed0d482371bce74ff1ce2ddf03bf247f522d994edadcbbe2fd919f6e61406b9cf45b668439effd3d1fe5a3bffcc57db2af5e6efa679dde9eacdf4c23f2378ceb81c07bf927a841beb4b27f9f40f6a5591a9284404073cb057157935c9d134f1832539d78b0025b7b309fd0d6723fe5963925a9dee977ab98246c3ace9efb11e29dec451811ded81fd8bef21e079746d8126ca727051fb9dfae7aa2ae4b60509e43dab036a80973727ccaefc38cfdb69d85728d5fd9d56448b07e4899a9cd386d0fd2fb1ffee029bc6965fd318ee69eccb3ecad143faed8b7651adcb2d8d3c9eb7d0eb461526bfe582810ae4e5d66bf5190c97efd44c007bf067dec3b78b2c0a121ac37a73f5527f0fd5cd4e45a674782ee92aca8695adb0b4fc087af03f2379a121c1745f747e919f405e74dd2c3d4de38227ce7e369592',
};

describe('A hash of another system', () => {
  const hasher = hasherOf();

  it.each(USUAL)('by %s matches its password, and is replaced at the next sign-in', async (_, hash) => {
    expect(await hasher.verify(PASSWORD, hash, owner)).toBe(true);
    expect(await hasher.verify(`${PASSWORD}.`, hash, owner)).toBe(false);
    expect(hasher.isOutdated(hash)).toBe(true);
  });

  it('by Devise with a pepper matches with this pepper', async () => {
    // `Devise::Encryptor.digest(klass, PASSWORD)`, where `klass.pepper` is DEVISE_PEPPER.
    const hash = '$2a$12$IbZt2OkwbFaXWNoVFOTOc.BuY8CQYKrEvWvYNB9U/Iku8mj3JUgAu';
    expect(await hasherOf(DEVISE_PEPPER).verify(PASSWORD, hash, owner)).toBe(true);
    expect(await hasherOf(`${DEVISE_PEPPER.slice(0, 9)}x`).verify(PASSWORD, hash, owner)).toBe(false);
    expect(await hasher.verify(PASSWORD, hash, owner)).toBe(false);
  });

  it('by Django does not depend on the pepper of Devise', async () => {
    for (const [system, hash] of CHEAP.filter(([name]) => name.startsWith('Django')))
      expect([system, await hasherOf(DEVISE_PEPPER).verify(PASSWORD, hash, owner)]).toEqual([system, true]);
  });

  it.each([
    // password_hash(str_repeat("é", 40), PASSWORD_BCRYPT, ["cost" => 4])
    ['PHP', null, '$2y$04$RaX4VsF7Oiv3ciCvo.xLKOgCrXKol2HnH3wJP/LQ4OQxBdsuZxljW'],
    // Devise::Encryptor.digest(klass, 'é' * 40), where klass.pepper is DEVISE_PEPPER
    ['Devise', DEVISE_PEPPER, '$2a$04$InU8.C5Dg/rPNHxK2aSAO.KFycUxdpmx3OG1YFQhzpYujhuJFKqqK'],
  ])('by bcrypt of %s covers 72 bytes', async (_, pepper, hash) => {
    expect(await hasherOf(pepper).verify('é'.repeat(40), hash, owner)).toBe(true);
    expect(await hasherOf(pepper).verify('é'.repeat(36), hash, owner)).toBe(true);
    expect(await hasherOf(pepper).verify('é'.repeat(35), hash, owner)).toBe(false);
  });

  it.each([
    // get_hasher('pbkdf2_sha256').encode('zoe\u0308 und zoe\u0308', 'abcdefghijklmnopqrstuv', 1000)
    ['pbkdf2_sha256$1000$abcdefghijklmnopqrstuv$6awChwB28Sv2hfahF0JvlFoZQUn/NVbsx+NhmqXuSOA='],
    // make_password('zoe\u0308 und zoe\u0308', hasher='argon2')
    [
      'argon2$argon2id$v=19$m=102400,t=2,p=8$VDI4MkFpZjRYOTRkc2M2MVpaN1JIOQ$3VBh5icd8+zZf4nFYKSYZwyqfoiKp5l75svA94GEpwI',
    ],
  ])('by Django covers the Unicode spelling that was typed: %s', async (hash) => {
    expect(await hasher.verify('zoe\u0308 und zoe\u0308', hash, owner)).toBe(true);
    expect(await hasher.verify('zo\u00eb und zo\u00eb', hash, owner)).toBe(false);
  });

  it('by Better Auth matches all spellings of the same NFKC', async () => {
    // hashPassword('\ufb01ve \uff46\uff55\uff4c\uff4c zoe\u0308')
    const hash =
      '97ccab82428a90f2acadee6c6befe919:59376bcdc2feb56e547c3ad303aa5c1944a67acccaaed1a708425ad3a63bf50a267bc509c38df370aeb453313d16bcc5c78267ba9650f65f0b16fbff2ed9f190';
    for (const password of ['\ufb01ve \uff46\uff55\uff4c\uff4c zoe\u0308', 'five full zo\u00eb'])
      expect(await hasher.verify(password, hash, owner)).toBe(true);
    expect(await hasher.verify('five full zoe', hash, owner)).toBe(false);
  });

  it.each(CHEAP)('by %s does not match with NUL after the password', async (_, hash) => {
    expect(await hasher.verify(PASSWORD, hash, owner)).toBe(true);
    expect(await hasher.verify(`${PASSWORD}\0`, hash, owner)).toBe(false);
  });
});

describe('The parts of a hash in columns', () => {
  const hasher = hasherOf();

  it('of the Passport example are a PHC string by pbkdf2Hash', async () => {
    // As db.js of passport/todos-express-password: crypto.pbkdf2Sync('letmein', salt, 310000, 32, 'sha256')
    const user = {
      salt: Buffer.from('bccc384c90303fa400a010aa4d841390', 'hex'),
      hashed_password: Buffer.from('f8e64af3b36e7284b745057e32f60af845b6f51559a2122be0bb58b9f460b007', 'hex'),
    };
    const hash = pbkdf2Hash({
      digest: 'sha256',
      iterations: 310_000,
      salt: user.salt,
      hash: user.hashed_password,
    });
    expect(hash).toBe(
      '$pbkdf2-sha256$i=310000$vMw4TJAwP6QAoBCqTYQTkA$+OZK87NucoS3RQV+MvYK+EW29RVZohIr4LtYufRgsAc',
    );
    for (const spelling of [hash, hash.replace('310000', '310000,l=32')])
      expect(await hasher.verify('letmein', spelling, owner)).toBe(true);
    expect(await hasher.verify('letmeout', hash, owner)).toBe(false);
    expect(await hasher.verify('letmein', hash.replace('310000', '310000,l=33'), owner)).toBe(false);
  });

  it('of passport-local-mongoose are a PHC string by pbkdf2Hash', async () => {
    const { salt, hash } = PASSPORT_LOCAL_MONGOOSE;
    const parts = { digest: 'sha256', iterations: 25_000, salt, hash: Buffer.from(hash, 'hex') } as const;
    expect(await hasher.verify(PASSWORD, pbkdf2Hash(parts), owner)).toBe(true);
    expect(await hasher.verify('wrong', pbkdf2Hash(parts), owner)).toBe(false);
  });

  it('of crypto.scrypt are a PHC string by scryptHash', async () => {
    // crypto.scryptSync(PASSWORD, 'bfec0a8632fdd97b59f8312fca985d08', 64)
    const hash = scryptHash({
      salt: 'bfec0a8632fdd97b59f8312fca985d08',
      hash: Buffer.from(
        '176009b256703f6654a5832c956cdd4e895e3d1fa7036d8a36f64a42be1046e86af16070ebcc1307703503978e117981ba2d3367fc77261a0ef8a606b75f3822',
        'hex',
      ),
    });
    expect(hash).toMatch(/^\$scrypt\$ln=14,r=8,p=1\$/);
    expect(await hasher.verify(PASSWORD, hash, owner)).toBe(true);
    expect(await hasher.verify('wrong', hash, owner)).toBe(false);
  });
});

describe('A changed hash of another system', () => {
  const MUTATIONS = 60;
  const hasher = hasherOf();

  /** Changes up to three bytes of a text, as the bytes of `random` say. */
  function mutate(text: string, random: Buffer): string {
    const bytes = [...Buffer.from(text)];
    const [count = 0, ...rest] = random;
    for (let edit = 0; edit <= count % 3; edit += 1) {
      const [kind = 0, high = 0, value = 0] = rest.slice(edit * 3);
      const at = (high * 256 + value) % bytes.length;
      // Half of the new bytes are of the alphabets of hashes.
      const byte = value < 128 ? text.charCodeAt(high % text.length) : value;
      if (kind % 3 === 0) bytes[at] = byte;
      else bytes.splice(at, kind % 3 === 1 ? 1 : 0, ...(kind % 3 === 1 ? [] : [byte]));
    }
    return Buffer.from(bytes).toString('latin1');
  }

  /** A hash without what its digest does not depend on: the prefix of Django, the letter of bcrypt, and unused bits. */
  const essenceOf = (hash: string) =>
    hash.replace(/^(?:bcrypt\$)?\$2[aby](\$\d\d\$.{21})./, '$1').replace(/^argon2\$/, '$');

  it.each(CHEAP)('by %s does not match and throws nothing', async (_, hash) => {
    const random = createHash('shake256', { outputLength: MUTATIONS * 10 })
      .update(hash)
      .digest();
    for (let made = 0; made < MUTATIONS; made += 1) {
      const mutated = mutate(hash, random.subarray(made * 10, made * 10 + 10));
      const expected = essenceOf(mutated) === essenceOf(hash);
      const matches = await hasher.verify(PASSWORD, mutated, owner);
      if (matches !== expected) expect([mutated, matches]).toEqual([mutated, false]);
    }
  });

  // The digest of a PHC string by scrypt may have any length from 16 bytes on.
  it.each(CHEAP.filter(([system]) => system !== 'passlib scrypt'))(
    'by %s does not match where it is cut off',
    async (_, hash) => {
      for (let length = 0; length < hash.length; length += 1)
        expect(await hasher.verify(PASSWORD, hash.slice(0, length), owner)).toBe(false);
    },
  );
});

describe('A hash of another system that exceeds the limits', () => {
  const digest = (length: number) => 'x'.repeat(length);
  const HASHES = [
    `pbkdf2_sha256$5000001$salt$${digest(43)}=`,
    `pbkdf2_sha256$0$salt$${digest(43)}=`,
    `pbkdf2_sha256$-1$salt$${digest(43)}=`,
    `pbkdf2_sha256$1e3$salt$${digest(43)}=`,
    `pbkdf2_sha256$01000$salt$${digest(43)}=`,
    `pbkdf2_sha256$99999999999999999999$salt$${digest(43)}=`,
    `pbkdf2_sha256$1000$$${digest(43)}=`,
    `pbkdf2_sha256$1000$${'s'.repeat(129)}$${digest(43)}=`,
    `pbkdf2_sha256$1000$salt$${digest(27)}=`,
    `pbkdf2_md5$1000$salt$${digest(43)}=`,
    `pbkdf2:sha256:5000001$salt$${'a'.repeat(64)}`,
    `pbkdf2:sha256:1000$salt$${'a'.repeat(40)}`,
    `pbkdf2:md5:1000$salt$${'a'.repeat(32)}`,
    `$pbkdf2-sha256$i=5000001$c2FsdA$${digest(43)}`,
    `$pbkdf2-sha256$i=2500001$c2FsdA$${digest(86)}`,
    `$pbkdf2-sha256$i=1000$c2FsdA$${digest(684)}`,
    `$pbkdf2-sha256$i=1000$c2FsdA$${digest(21)}`,
    `$pbkdf2-sha256$5000001$c2FsdA$${digest(43)}`,
    `$pbkdf2-sha256$1000$c2FsdA$${digest(42)}`,
    `$pbkdf2$1000$c2FsdA$${digest(43)}`,
    `scrypt$524288$salt$8$1$${digest(86)}==`,
    `scrypt$16385$salt$8$1$${digest(86)}==`,
    `scrypt$1$salt$8$1$${digest(86)}==`,
    `scrypt$16384$salt$0$1$${digest(86)}==`,
    `scrypt$16384$salt$8$0$${digest(86)}==`,
    `scrypt$16384$salt$8$65$${digest(86)}==`,
    `scrypt$16$salt$999$999$${digest(86)}==`,
    `scrypt:65536:1:1$salt$${'a'.repeat(128)}`,
    `scrypt:32768:8:1$salt$${'a'.repeat(126)}`,
    `$scrypt$ln=31,r=8,p=1$c2FsdA$${digest(43)}`,
    `$scrypt$ln=99,r=1,p=1$c2FsdA$${digest(43)}`,
    `bcrypt$$2b$17$${digest(53)}`,
    `bcrypt_sha256$$2b$31$${digest(53)}`,
    `argon2$argon2id$v=19$m=262145,t=1,p=1$${digest(22)}$${digest(43)}`,
    `argon2$argon2i$v=19$m=102400,t=999,p=8$${digest(22)}$${digest(43)}`,
    `${'a'.repeat(32)}:${'a'.repeat(129)}`,
    `${'A'.repeat(32)}:${'A'.repeat(128)}`,
    `!${digest(40)}`,
  ];

  /** Counts the verifications for which no hash could be read. */
  class CountingHasher extends ImpatientHasher {
    unread = 0;

    protected override newRecipe() {
      this.unread += 1;
      return super.newRecipe();
    }
  }

  it.each(HASHES.map((hash) => [hash.slice(0, 60), hash]))(
    'or has another format is not computed: %s',
    async (_, hash) => {
      const hasher = new CountingHasher({ cost: 4, pepper: null });
      expect(await hasher.verify('password', hash, owner)).toBe(false);
      expect(hasher.unread).toBe(1);
    },
  );

  it.each([`pbkdf2_sha256$5000000$salt$${digest(43)}=`, `scrypt$131072$salt$8$1$${digest(86)}==`])(
    'differs from one that reaches them, which is computed: %s',
    async (hash) => {
      const hasher = new CountingHasher({ cost: 4, pepper: null });
      expect(await hasher.verify('password', hash, owner)).toBe(false);
      expect(hasher.unread).toBe(0);
    },
  );

  it('is logged once, without the hash', async () => {
    const lines: string[] = [];
    class RecordingLogger extends ConsoleLogger {
      override warn(message: unknown): void {
        lines.push(String(message));
      }
    }
    const hasher = hasherOf();
    Logger.overrideLogger(new RecordingLogger());
    try {
      await hasher.verify('password', await hasher.hash('password', owner), owner);
      await hasher.verify('password', hasher.dummyHash(), owner);
      expect(lines).toEqual([]);
      for (const hash of HASHES) await hasher.verify('password', hash, owner);
    } finally {
      Logger.overrideLogger(false);
    }
    expect(lines).toEqual([expect.stringMatching(/^A stored password hash cannot be read: /)]);
    for (const hash of HASHES) expect(lines.join()).not.toContain(hash);
  });
});

describe('The time of a verification', () => {
  /** Records delays instead of waiting. */
  class DelayRecordingHasher extends BcryptPasswordHasher {
    readonly waits: number[] = [];

    protected override async wait(milliseconds: number): Promise<void> {
      this.waits.push(milliseconds);
    }
  }

  it.each(USUAL.filter(([system]) => /Django pbkdf2_sha256|scrypt|Argon2d/.test(system)))(
    'is that of %s while such hashes are in use, also for cheaper and unreadable ones',
    async (_, hash) => {
      const hasher = new DelayRecordingHasher({ cost: 4, pepper: null });
      await hasher.verify('wrong', hash, owner);
      expect(hasher.waits).toEqual([0]);
      for (const other of [hasher.dummyHash(), 'nonsense', bcrypt.hashSync('x', 4)])
        await hasher.verify('wrong', other, owner);
      // The expensive hash takes more than ten times as long, also on a busy machine.
      for (const wait of hasher.waits.slice(1)) expect(wait).toBeGreaterThan(5);
    },
  );

  it('depends on the spelling of the given password, and not on the kind of hash', async () => {
    const hasher = new DelayRecordingHasher({ cost: 4, pepper: null });
    const own = await hasher.hash('zo\u00eb', owner);
    const hashes = [own, hasher.dummyHash(), 'nonsense', ...CHEAP.map(([, hash]) => hash)];
    for (const [password, count] of [
      ['zo\u00eb', 1],
      ['zoe\u0308', 2],
    ] as const)
      for (const hash of hashes) {
        hasher.waits.length = 0;
        await hasher.verify(password, hash, owner);
        expect([hash, hasher.waits.length]).toEqual([hash, count]);
      }
  });
});

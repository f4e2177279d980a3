import type { FactorTexts, MailTexts, TextFacts } from './mail-texts.js';

const validity = ({ validFor }: TextFacts) =>
  validFor === null ? [] : [`The link is valid for ${validFor} and works once.`];

const NOT_YOU = 'If this was not you, set a new password now, and end the sessions that you do not know.';

const FACTORS: FactorTexts = {
  totp_added: 'An authenticator app was added.',
  totp_removed: 'The authenticator app was removed.',
  passkey_added: 'A passkey was added.',
  passkey_removed: 'A passkey was removed.',
  recovery_codes_created: 'New recovery codes were made. The earlier ones are no longer valid.',
  recovery_code_used: 'A recovery code was used to confirm a sign-in.',
  reset: 'An administrator removed all second factors: the authenticator app, passkeys and recovery codes.',
  other: 'Sign in to see which factors there are.',
};

export const en: MailTexts = {
  locale: 'en-GB',
  greeting: (name) => (name === null ? 'Hello,' : `Hello ${name},`),
  linkHint: 'If the button does not work, copy this address into your browser:',
  when: 'Time',
  device: 'Device',
  ip: 'IP address',
  footer: ({ service, to }) => `${service} sent this e-mail to ${to}. Replies are not read.`,
  kinds: {
    verify_email: (facts) => ({
      subject: `Confirm your e-mail address for ${facts.service}`,
      before: [
        `An account at ${facts.service} has this address. Please confirm that it is yours.`,
        ...validity(facts),
      ],
      button: 'Confirm the address',
      after: ['If you do not know this account, ignore this e-mail. The address is then not confirmed.'],
    }),
    reset_password: (facts) => ({
      subject: `Set a new password for ${facts.service}`,
      before: [
        `Someone asked to set a new password for your account at ${facts.service}.`,
        ...validity(facts),
      ],
      button: 'Set a new password',
      after: ['If this was not you, ignore this e-mail. Your password stays as it is.'],
    }),
    address_taken: ({ service }) => ({
      subject: `You already have an account at ${service}`,
      before: [
        `Someone tried to create an account at ${service} with this address, but you already have one. No account was created.`,
        'If this was you, sign in as before. If you have forgotten your password, set a new one.',
      ],
      button: 'Set a new password',
      after: ['If this was not you, there is nothing to do. Nobody got access to your account.'],
    }),
    invitation: (facts) => ({
      subject: `Your account at ${facts.service}`,
      before: [
        `An account at ${facts.service} was created for you. Choose a password to start using it.`,
        ...validity(facts),
      ],
      button: 'Choose a password',
      after: ['If you did not expect this invitation, ignore this e-mail.'],
    }),
    confirm_address: (facts) => ({
      subject: `Confirm your new e-mail address for ${facts.service}`,
      before: [
        `An account at ${facts.service} is to use this address from now on. Please confirm that it is yours.`,
        ...validity(facts),
      ],
      button: 'Confirm the address',
      after: ['If you did not ask for this, ignore this e-mail. The account then keeps its old address.'],
    }),
    address_changing: (facts) => ({
      subject: `Your e-mail address at ${facts.service} is about to change`,
      before: [
        `Someone asked to change the address of your account at ${facts.service}${facts.otherAddress === null ? '' : ` to ${facts.otherAddress}`}. The change takes effect when the new address is confirmed.`,
        'If this was you, there is nothing to do here.',
      ],
      button: 'Cancel the change',
      after: [
        'If this was not you, cancel the change. Your password and all sessions become invalid then, because someone else may know the password, and you get an e-mail to set a new one.',
        ...(facts.validFor === null
          ? []
          : [`The link is valid for ${facts.validFor}, also after the change, and works once.`]),
      ],
    }),
    address_changed: (facts) => ({
      subject: `Your e-mail address at ${facts.service} was changed`,
      before: [
        facts.otherAddress === null
          ? `The address of your account at ${facts.service} was changed.`
          : `The address of your account at ${facts.service} is now ${facts.otherAddress}.`,
        'If this was you, there is nothing to do.',
      ],
      button: `Go to ${facts.service}`,
      after: [
        `If this was not you, and you got an e-mail about this change before, cancel it with the link there. Otherwise contact the people who run ${facts.service} at once.`,
      ],
    }),
    address_change_cancelled: (facts) => ({
      subject: `Your e-mail address at ${facts.service} stays the same`,
      before: [
        `The change of your address at ${facts.service}${facts.otherAddress === null ? '' : ` to ${facts.otherAddress}`} was cancelled. Your account has the address it had.`,
        'Someone else may know your password, so it is invalid now, and all sessions have ended. Set a new password to sign in again.',
        ...validity(facts),
      ],
      button: 'Set a new password',
      after: ['If you wanted this change, ask for it again in your account.'],
    }),
    password_changed: ({ service }) => ({
      subject: `Your password for ${service} was changed`,
      before: [
        `The password of your account at ${service} was changed.`,
        'If this was you, there is nothing to do.',
      ],
      button: 'This was not me',
      after: [NOT_YOU],
    }),
    new_sign_in: ({ service }) => ({
      subject: `New sign-in to ${service}`,
      before: [
        `Someone signed in to your account at ${service} from a device that had not been used before.`,
        'If this was you, there is nothing to do.',
      ],
      button: 'Review your sessions',
      after: [NOT_YOU],
    }),
    access_token_created: ({ service, label }) => ({
      subject: `New access token for ${service}`,
      before: [
        label === null
          ? `An access token was created for your account at ${service}. Programs can use it to sign in as you.`
          : `The access token “${label}” was created for your account at ${service}. Programs can use it to sign in as you.`,
        'If this was you, there is nothing to do.',
      ],
      button: 'Review your access tokens',
      after: ['If this was not you, delete the token and set a new password now.'],
    }),
    factors_changed: ({ service, factorChange }) => ({
      subject: `The sign-in to your account at ${service} was changed`,
      before: [
        `The second factors of your account at ${service} were changed. ${FACTORS[factorChange ?? 'other']}`,
        'If this was you, there is nothing to do.',
      ],
      button: 'Review your account',
      after: [NOT_YOU],
    }),
    test: ({ service }) => ({
      subject: `Test e-mail of ${service}`,
      before: [`This is a test. ${service} can send e-mails to this address.`],
      button: `Go to ${service}`,
      after: ['There is nothing to do.'],
    }),
  },
};

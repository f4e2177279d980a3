import type { FactorTexts, MailTexts, TextFacts } from './mail-texts.js';

const validity = ({ validFor }: TextFacts) =>
  validFor === null ? [] : [`Der Link ist ${validFor} gültig und funktioniert einmal.`];

const NOT_YOU =
  'Wenn Sie das nicht waren, setzen Sie jetzt ein neues Passwort, und beenden Sie die Sitzungen, die Sie nicht kennen.';

const FACTORS: FactorTexts = {
  totp_added: 'Eine Authentifizierungs-App wurde hinzugefügt.',
  totp_removed: 'Die Authentifizierungs-App wurde entfernt.',
  passkey_added: 'Ein Passkey wurde hinzugefügt.',
  passkey_removed: 'Ein Passkey wurde entfernt.',
  recovery_codes_created: 'Es gibt neue Wiederherstellungscodes. Die früheren sind nicht mehr gültig.',
  recovery_code_used: 'Ein Wiederherstellungscode wurde benutzt, um eine Anmeldung zu bestätigen.',
  reset: 'Ein Administrator hat alle zweiten Faktoren entfernt: App, Passkeys und Wiederherstellungscodes.',
  other: 'Melden Sie sich an, um zu sehen, welche Faktoren es gibt.',
};

export const de: MailTexts = {
  locale: 'de-DE',
  greeting: (name) => (name === null ? 'Guten Tag,' : `Guten Tag ${name},`),
  linkHint: 'Wenn die Schaltfläche nicht funktioniert, kopieren Sie diese Adresse in Ihren Browser:',
  when: 'Zeit',
  device: 'Gerät',
  ip: 'IP-Adresse',
  footer: ({ service, to }) =>
    `${service} hat diese E-Mail an ${to} gesendet. Antworten werden nicht gelesen.`,
  kinds: {
    verify_email: (facts) => ({
      subject: `Bestätigen Sie Ihre E-Mail-Adresse für ${facts.service}`,
      before: [
        `Ein Konto bei ${facts.service} hat diese Adresse. Bitte bestätigen Sie, dass es Ihre Adresse ist.`,
        ...validity(facts),
      ],
      button: 'Adresse bestätigen',
      after: [
        'Wenn Sie das Konto nicht kennen, ignorieren Sie diese E-Mail. Die Adresse wird dann nicht bestätigt.',
      ],
    }),
    reset_password: (facts) => ({
      subject: `Neues Passwort für ${facts.service} setzen`,
      before: [
        `Jemand möchte ein neues Passwort für Ihr Konto bei ${facts.service} setzen.`,
        ...validity(facts),
      ],
      button: 'Neues Passwort setzen',
      after: ['Wenn Sie das nicht waren, ignorieren Sie diese E-Mail. Ihr Passwort bleibt, wie es ist.'],
    }),
    address_taken: ({ service }) => ({
      subject: `Sie haben schon ein Konto bei ${service}`,
      before: [
        `Jemand wollte mit dieser Adresse ein Konto bei ${service} anlegen, aber Sie haben schon eines. Es wurde kein Konto angelegt.`,
        'Wenn Sie das waren, melden Sie sich an wie bisher. Wenn Sie Ihr Passwort vergessen haben, setzen Sie ein neues.',
      ],
      button: 'Neues Passwort setzen',
      after: ['Wenn Sie das nicht waren, müssen Sie nichts tun. Niemand hat Zugang zu Ihrem Konto bekommen.'],
    }),
    invitation: (facts) => ({
      subject: `Ihr Konto bei ${facts.service}`,
      before: [
        `Für Sie wurde ein Konto bei ${facts.service} angelegt. Wählen Sie ein Passwort, um es zu nutzen.`,
        ...validity(facts),
      ],
      button: 'Passwort wählen',
      after: ['Wenn Sie diese Einladung nicht erwartet haben, ignorieren Sie diese E-Mail.'],
    }),
    confirm_address: (facts) => ({
      subject: `Bestätigen Sie Ihre neue E-Mail-Adresse für ${facts.service}`,
      before: [
        `Ein Konto bei ${facts.service} soll ab jetzt diese Adresse haben. Bitte bestätigen Sie, dass es Ihre Adresse ist.`,
        ...validity(facts),
      ],
      button: 'Adresse bestätigen',
      after: [
        'Wenn Sie das nicht wollten, ignorieren Sie diese E-Mail. Das Konto behält dann seine alte Adresse.',
      ],
    }),
    address_changing: (facts) => ({
      subject: `Ihre E-Mail-Adresse bei ${facts.service} soll geändert werden`,
      before: [
        `Jemand möchte die Adresse Ihres Kontos bei ${facts.service}${facts.otherAddress === null ? '' : ` in ${facts.otherAddress}`} ändern. Die Änderung gilt, sobald die neue Adresse bestätigt ist.`,
        'Wenn Sie das waren, müssen Sie hier nichts tun.',
      ],
      button: 'Änderung abbrechen',
      after: [
        'Wenn Sie das nicht waren, brechen Sie die Änderung ab. Ihr Passwort und alle Sitzungen werden dann ungültig, weil jemand anderes das Passwort vielleicht kennt, und Sie erhalten eine E-Mail, um ein neues zu setzen.',
        ...(facts.validFor === null
          ? []
          : [`Der Link gilt ${facts.validFor}, auch nach der Änderung, und nur einmal.`]),
      ],
    }),
    address_changed: (facts) => ({
      subject: `Ihre E-Mail-Adresse bei ${facts.service} wurde geändert`,
      before: [
        facts.otherAddress === null
          ? `Die Adresse Ihres Kontos bei ${facts.service} wurde geändert.`
          : `Die Adresse Ihres Kontos bei ${facts.service} ist jetzt ${facts.otherAddress}.`,
        'Wenn Sie das waren, müssen Sie nichts tun.',
      ],
      button: `Zu ${facts.service}`,
      after: [
        `Wenn Sie das nicht waren und davor eine E-Mail über diese Änderung erhalten haben, brechen Sie sie mit dem Link dort ab. Sonst wenden Sie sich sofort an die Betreiber von ${facts.service}.`,
      ],
    }),
    address_change_cancelled: (facts) => ({
      subject: `Ihre E-Mail-Adresse bei ${facts.service} bleibt gleich`,
      before: [
        `Die Änderung Ihrer Adresse bei ${facts.service}${facts.otherAddress === null ? '' : ` in ${facts.otherAddress}`} wurde abgebrochen. Ihr Konto hat seine bisherige Adresse.`,
        'Vielleicht kennt jemand anderes Ihr Passwort. Es ist deshalb jetzt ungültig, und alle Sitzungen sind beendet. Setzen Sie ein neues Passwort, um sich wieder anzumelden.',
        ...validity(facts),
      ],
      button: 'Neues Passwort setzen',
      after: ['Wenn Sie die Änderung wollten, stoßen Sie sie in Ihrem Konto noch einmal an.'],
    }),
    password_changed: ({ service }) => ({
      subject: `Ihr Passwort für ${service} wurde geändert`,
      before: [
        `Das Passwort Ihres Kontos bei ${service} wurde geändert.`,
        'Wenn Sie das waren, müssen Sie nichts tun.',
      ],
      button: 'Das war ich nicht',
      after: [NOT_YOU],
    }),
    new_sign_in: ({ service }) => ({
      subject: `Neue Anmeldung bei ${service}`,
      before: [
        `Jemand hat sich von einem bisher unbekannten Gerät in Ihrem Konto bei ${service} angemeldet.`,
        'Wenn Sie das waren, müssen Sie nichts tun.',
      ],
      button: 'Sitzungen ansehen',
      after: [NOT_YOU],
    }),
    access_token_created: ({ service, label }) => ({
      subject: `Neues Zugriffstoken für ${service}`,
      before: [
        label === null
          ? `Für Ihr Konto bei ${service} wurde ein Zugriffstoken angelegt. Programme können sich damit in Ihrem Namen anmelden.`
          : `Für Ihr Konto bei ${service} wurde das Zugriffstoken „${label}“ angelegt. Programme können sich damit in Ihrem Namen anmelden.`,
        'Wenn Sie das waren, müssen Sie nichts tun.',
      ],
      button: 'Zugriffstoken ansehen',
      after: ['Wenn Sie das nicht waren, löschen Sie das Token, und setzen Sie jetzt ein neues Passwort.'],
    }),
    factors_changed: ({ service, factorChange }) => ({
      subject: `Die Anmeldung bei ${service} wurde geändert`,
      before: [
        `Die zweiten Faktoren Ihres Kontos bei ${service} wurden geändert. ${FACTORS[factorChange ?? 'other']}`,
        'Wenn Sie das waren, müssen Sie nichts tun.',
      ],
      button: 'Konto ansehen',
      after: [NOT_YOU],
    }),
    test: ({ service }) => ({
      subject: `Test-E-Mail von ${service}`,
      before: [`Dies ist ein Test. ${service} kann E-Mails an diese Adresse senden.`],
      button: `Zu ${service}`,
      after: ['Sie müssen nichts tun.'],
    }),
  },
};

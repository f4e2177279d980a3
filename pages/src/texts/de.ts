import type { AdminTexts } from '../admin/texts.ts';
import type { Texts } from './texts.ts';

/** The German texts of the pages. */
export const de: Texts = {
  languageName: 'Deutsch',

  // Was auf vielen Seiten steht.
  loading: 'Wird geladen',
  notLoaded: 'Diese Seite konnte nicht geladen werden',
  tryAgain: 'Noch einmal versuchen',
  pageNotFound: 'Diese Seite gibt es nicht',
  myAccount: 'Mein Konto',
  administration: 'Verwaltung',
  search: 'Suchen',
  cancel: 'Abbrechen',
  confirm: 'Bestätigen',
  save: 'Speichern',
  saved: 'Gespeichert.',
  remove: 'Entfernen',
  rename: 'Umbenennen',
  name: 'Name',
  more: 'Mehr anzeigen',
  copy: 'Kopieren',
  copied: 'Kopiert',
  print: 'Drucken',
  download: 'Herunterladen',
  optional: '(freiwillig)',
  show: 'Zeigen',
  hide: 'Verbergen',
  showPassword: 'Passwort zeigen',
  email: 'E-Mail-Adresse',
  password: 'Passwort',
  never: 'Nie',

  // Anmelden.
  signIn: 'Anmelden',
  signOut: 'Abmelden',
  signedIn: 'Sie sind angemeldet',
  remember: 'Auf diesem Gerät angemeldet bleiben',
  signInWithPasskey: 'Mit einem Passkey anmelden',
  forgotten: 'Passwort vergessen?',
  noUsersYet: 'Es gibt noch keine Konten.',
  endedAt: (at: string) => `Sie endete am ${at}.`,
  secondStep: 'Bestätigen Sie, dass Sie es sind',
  beginAgain: 'Neu beginnen',
  usePassword: 'Passwort verwenden',
  usePasskey: 'Passkey verwenden',
  useTotp: 'Authenticator-App verwenden',
  useRecoveryCode: 'Wiederherstellungscode verwenden',
  passkeyIntro: 'Ihr Browser fragt nach Ihrem Passkey: mit PIN, Finger oder Gesicht.',
  code: 'Code',
  codeHint: 'Sechs Ziffern aus Ihrer Authenticator-App.',
  recoveryCode: 'Wiederherstellungscode',
  recoveryCodeHint: 'Einer der Codes, die Sie aufbewahrt haben. Jeder gilt einmal.',
  noUsableFactor:
    'Dieser Browser kann Ihren zweiten Faktor nicht verwenden. Nehmen Sie einen anderen Browser oder ein anderes Gerät.',
  setupTitle: 'Zweiten Faktor hinzufügen',
  setupIntro: 'Dieser Dienst verlangt einen zweiten Faktor, damit ein gestohlenes Passwort nicht genügt.',
  confirmTitle: 'Bestätigen Sie, dass Sie es sind',
  confirmIntro: 'Zu Ihrer Sicherheit fragen wir vor dieser Änderung noch einmal nach.',

  // Registrieren, Adresse bestätigen, Passwort vergessen.
  register: 'Konto anlegen',
  haveAccount: 'Ich habe schon ein Konto',
  registrationClosed: 'Neue Konten legt die Verwaltung an. Bitten Sie dort um eine Einladung.',
  registrationMailed: 'Wir haben Ihnen eine E-Mail geschickt. Öffnen Sie deren Link, um fortzufahren.',
  firstBecomesAdmin: 'Das erste Konto verwaltet den Dienst.',
  firstName: 'Vorname',
  lastName: 'Nachname',
  setupCode: 'Einrichtungscode',
  setupCodeHint: 'Der Server hat ihn beim Start ausgegeben.',
  newPassword: 'Neues Passwort',
  newPasswordHint: (length: number) =>
    `Mindestens ${length} Zeichen. Mehrere Wörter ohne Zusammenhang merkt man sich leicht.`,
  savePassword: 'Passwort speichern',
  forgotTitle: 'Neues Passwort wählen',
  forgotIntro:
    'Geben Sie die Adresse Ihres Kontos ein. Wir schicken Ihnen einen Link, mit dem Sie ein neues Passwort wählen.',
  forgotSent:
    'Wenn es ein Konto mit dieser Adresse gibt, haben wir eine E-Mail dorthin geschickt. Ihr Link gilt 30 Minuten.',
  sendLink: 'Link senden',
  resetTitle: 'Neues Passwort wählen',
  resetDone: 'Ihr Passwort ist geändert, und Sie sind überall abgemeldet.',
  askAgain: 'Neuen Link anfordern',
  linkWithoutToken: 'Dieser Link ist nicht vollständig. Öffnen Sie ihn noch einmal aus der E-Mail.',
  verifyTitle: 'Adresse bestätigen',
  verifyIntro: 'Bestätigen Sie mit der Schaltfläche, dass diese Adresse Ihnen gehört.',
  verify: 'Meine Adresse bestätigen',
  verified: 'Ihre Adresse ist bestätigt.',
  verifyFirst:
    'Bestätigen Sie Ihre Adresse, bevor Sie sich anmelden: Öffnen Sie den Link in der E-Mail, die wir Ihnen geschickt haben.',
  notVerified: 'Sie haben diese Adresse noch nicht bestätigt.',
  verifiedBadge: 'bestätigt',
  sendAgain: 'E-Mail noch einmal senden',
  mailSent: 'Wir haben Ihnen eine E-Mail geschickt. Öffnen Sie deren Link, um fortzufahren.',
  newEmailTitle: 'Neue Adresse bestätigen',
  newEmailIntro: 'Mit der Schaltfläche erhält Ihr Konto diese Adresse.',
  newEmailConfirm: 'Diese Adresse verwenden',
  newEmailDone: 'Ihr Konto hat die neue Adresse.',
  cancelEmailTitle: 'Alte Adresse behalten',
  cancelEmailIntro:
    'Wählen Sie die Schaltfläche, wenn Sie Ihre Adresse nicht geändert haben. Ihr Konto behält die alte Adresse, alle werden abgemeldet, und Sie bekommen eine E-Mail für ein neues Passwort.',
  cancelEmail: 'Alte Adresse behalten',
  cancelEmailDone:
    'Ihr Konto hat die alte Adresse. Wählen Sie mit der E-Mail, die wir Ihnen geschickt haben, ein neues Passwort.',

  // Profil.
  profile: 'Profil',
  names: 'Ihr Name',
  newEmail: 'Neue E-Mail-Adresse',
  changeEmail: 'Adresse ändern',
  emailPending: (email: string) =>
    `Wir haben eine E-Mail an ${email} geschickt. Öffnen Sie deren Link, um die Änderung abzuschließen.`,
  deleteAccount: 'Konto löschen',
  deleteIntro: 'Ihr Konto, Ihre Geräte und Ihre Zugriffstoken werden gelöscht.',
  deleteQuestion: 'Das lässt sich nicht rückgängig machen. Möchten Sie Ihr Konto löschen?',

  // Geräte.
  devices: 'Geräte',
  devicesIntro: 'Auf diesen Geräten sind Sie angemeldet. Melden Sie die ab, die Sie nicht erkennen.',
  device: 'Gerät',
  unknownDevice: 'Unbekanntes Gerät',
  thisDevice: 'dieses Gerät',
  lastSeen: 'Zuletzt benutzt',
  signedInAt: 'Angemeldet',
  address: 'Adresse',
  endOthers: 'Überall sonst abmelden',
  endOthersHint: 'Das beendet auch Ihre Zugriffstoken.',
  endedCount: (count: number) =>
    count === 1 ? 'Eine Sitzung wurde beendet.' : `${count} Sitzungen und Zugriffstoken wurden beendet.`,

  // Passwort.
  passwordIntro: 'Ein neues Passwort meldet Sie auf allen anderen Geräten ab und beendet Ihre Zugriffstoken.',
  currentPassword: 'Aktuelles Passwort',
  passwordChanged: 'Ihr Passwort ist geändert.',

  // Zweite Faktoren.
  factors: 'Zweite Faktoren',
  factorsIntro:
    'Mit einem zweiten Faktor genügt ein gestohlenes Passwort nicht, um sich bei Ihnen anzumelden.',
  factorsRequired: 'Dieser Dienst verlangt einen zweiten Faktor: Der letzte lässt sich nicht entfernen.',
  passkeys: 'Passkeys',
  passkeysIntro:
    'Einen Passkey bewahrt Ihr Gerät oder Ihr Passwort-Manager auf. Sie können sich mit ihm allein anmelden.',
  noPasskeysHere: 'Dieser Browser unterstützt keine Passkeys.',
  passkeysElsewhere: (origin: string) => `Passkeys gelten nur unter ${origin}. Öffnen Sie diese Seite dort.`,
  addPasskey: 'Passkey hinzufügen',
  passkeyName: 'Name des Passkeys',
  passkeyNameHint: 'Damit Sie ihn später erkennen, zum Beispiel: Mein Laptop.',
  added: 'Hinzugefügt',
  addedAt: (at: string) => `Hinzugefügt am ${at}.`,
  lastUsed: 'Zuletzt benutzt',
  notYet: 'Noch nie',
  totp: 'Authenticator-App',
  totpNone: 'Eine App auf Ihrem Telefon, die alle 30 Sekunden einen neuen Code zeigt.',
  addTotp: 'Authenticator-App hinzufügen',
  replaceTotp: 'App ersetzen',
  totpIntro:
    'Scannen Sie diesen Code mit Ihrer Authenticator-App, und geben Sie die sechs Ziffern ein, die sie zeigt.',
  qrCode: 'QR-Code für Ihre Authenticator-App',
  totpByHand: 'Sie können ihn nicht scannen? Geben Sie diesen Schlüssel in der App ein:',
  totpOpenApp: 'Die App auf diesem Gerät öffnen',
  recoveryCodes: 'Wiederherstellungscodes',
  recoveryCodesIntro:
    'Bewahren Sie diese Codes dort auf, wo Sie sie ohne Ihre Geräte finden. Jeder gilt einmal anstelle Ihres zweiten Faktors. Sie werden nur jetzt gezeigt.',
  codesKept: 'Ich habe sie gespeichert',
  codesLeft: (count: number) => (count === 1 ? 'Ein Code ist übrig.' : `${count} Codes sind übrig.`),
  newCodes: 'Neue Codes erzeugen',

  // Zugriffstoken.
  tokens: 'Zugriffstoken',
  tokensIntro: 'Programme verwenden Zugriffstoken anstelle Ihres Passworts.',
  noTokens: 'Sie haben keine Zugriffstoken.',
  newToken: 'Neues Zugriffstoken',
  tokenNameHint: 'Wofür es ist, zum Beispiel: Datensicherung.',
  scope: 'Berechtigung',
  scopeRead: 'Nur lesen',
  scopeWrite: 'Lesen und schreiben',
  expires: 'Gültig bis',
  makeToken: 'Token erzeugen',
  endToken: 'Beenden',
  tokenOnce: 'Kopieren Sie das Zugriffstoken jetzt. Es wird nur dieses eine Mal gezeigt.',

  waits: {
    too_many_attempts: (seconds: number) =>
      `Zu viele Fehlversuche. Warten Sie ${seconds} Sekunden, und versuchen Sie es dann noch einmal.`,
    too_many_mails: (seconds: number) =>
      `Es wurden zu viele E-Mails angefordert. Warten Sie ${seconds} Sekunden, und versuchen Sie es dann noch einmal.`,
    too_many_requests: (seconds: number) =>
      `Zu viele Anfragen auf einmal. Warten Sie ${seconds} Sekunden, und versuchen Sie es dann noch einmal.`,
    busy: (seconds: number) =>
      `Der Server ist ausgelastet. Warten Sie ${seconds} Sekunden, und versuchen Sie es dann noch einmal.`,
    store_unavailable: (seconds: number) =>
      `Der Dienst arbeitet gerade nicht. Nichts ist verloren. Warten Sie ${seconds} Sekunden, und versuchen Sie es dann noch einmal.`,
  },

  refusals: {
    unreachable: 'Der Server antwortet nicht. Prüfen Sie Ihre Verbindung, und versuchen Sie es noch einmal.',
    request_refused: 'Die Anfrage wurde auf dem Weg zum Server abgelehnt. Laden Sie diese Seite neu.',
    too_many_requests:
      'Zu viele Anfragen auf einmal. Warten Sie kurz, und versuchen Sie es dann noch einmal.',
    internal_error: 'Etwas ist schiefgegangen. Versuchen Sie es später noch einmal.',
    passkey_cancelled:
      'Es wurde kein Passkey verwendet. Versuchen Sie es noch einmal, oder wählen Sie einen anderen Weg.',
    passkey_known: 'Dieses Gerät hat schon einen Passkey für Ihr Konto.',
    not_confirmed: 'Sie haben nicht bestätigt, dass Sie es sind. Darum wurde nichts geändert.',
    validation_failed:
      'Manche Felder sind nicht gültig. Berichtigen Sie sie, und versuchen Sie es noch einmal.',
    credentials_invalid: 'Die E-Mail-Adresse oder das Passwort ist falsch.',
    current_password_wrong: 'Das aktuelle Passwort ist falsch.',
    reset_token_invalid: 'Dieser Link gilt nicht mehr. Fordern Sie einen neuen an.',
    email_token_invalid: 'Dieser Link gilt nicht mehr. Fordern Sie eine neue E-Mail an.',
    sign_in_expired: 'Das hat zu lange gedauert. Melden Sie sich noch einmal an.',
    factor_invalid:
      'Dieser Code oder Passkey gilt nicht oder wurde schon benutzt. Versuchen Sie einen neuen.',
    codes_unavailable:
      'Codes können gerade nicht geprüft werden. Nehmen Sie einen Passkey oder einen Wiederherstellungscode.',
    last_factor: 'Das ist Ihr letzter zweiter Faktor. Fügen Sie zuerst einen anderen hinzu.',
    factor_limit_reached: 'Sie haben die größte Zahl von Passkeys. Entfernen Sie zuerst einen.',
    last_admin: 'Außer Ihnen verwaltet niemand den Dienst. Übertragen Sie zuerst die Verwaltung.',
    email_taken: 'Es gibt schon ein Konto mit dieser Adresse.',
    session_limit_reached:
      'Sie sind auf zu vielen Geräten angemeldet. Melden Sie sich zuerst auf einem anderen ab.',
    access_token_limit_reached: 'Sie haben die größte Zahl von Zugriffstoken. Beenden Sie zuerst eines.',
    setup_code_required: 'Der Einrichtungscode ist falsch. Kopieren Sie ihn aus der Ausgabe des Servers.',
    second_factor_required: 'Ihr Konto braucht einen zweiten Faktor. Melden Sie sich noch einmal an.',
    factor_setup_required:
      'Ihr Konto braucht einen zweiten Faktor. Melden Sie sich an, um einen hinzuzufügen.',
    session_expired_idle: 'Sie wurden abgemeldet, weil die Sitzung zu lange nicht benutzt wurde.',
    session_expired_absolute: 'Sie wurden abgemeldet, weil die Sitzung ihre längste Dauer erreicht hat.',
    session_signed_out: 'Sie haben sich abgemeldet.',
    session_ended_elsewhere: 'Diese Sitzung wurde von einem anderen Gerät beendet.',
    session_evicted: 'Diese Sitzung wurde beendet, weil Sie sich auf zu vielen Geräten angemeldet haben.',
    session_ended_by_admin: 'Die Verwaltung hat diese Sitzung beendet.',
    password_changed: 'Sie wurden abgemeldet, weil Ihr Passwort geändert wurde.',
    second_factor_added: 'Sie wurden abgemeldet, weil ein zweiter Faktor zu Ihrem Konto hinzugefügt wurde.',
    user_disabled: 'Dieses Konto wurde gesperrt. Bitten Sie die Verwaltung, es zu entsperren.',
    user_deleted: 'Dieses Konto wurde gelöscht.',
  },

  faults: [
    { begins: 'Missing.', says: 'Fehlt.' },
    {
      begins: 'Must be an e-mail address',
      says: 'Muss eine E-Mail-Adresse sein, zum Beispiel ann@example.com.',
    },
    { begins: 'Must have at least', says: 'Muss mindestens # Zeichen haben.' },
    { begins: 'Must have at most', says: 'Darf höchstens # Zeichen haben.' },
    {
      begins: 'Too easy to guess',
      says: 'Zu leicht zu erraten: fast nur ein Name, eine Adresse, ein Wort dieses Dienstes, eine Tastenreihe oder eine Wiederholung. Verbinden Sie mehrere Wörter ohne Zusammenhang.',
    },
    {
      begins: 'Known from data breaches',
      says: 'Bekannt aus Datenlecks anderer Dienste. Verbinden Sie mehrere Wörter ohne Zusammenhang.',
    },
    {
      begins: 'Must differ from the current password',
      says: 'Muss sich vom aktuellen Passwort unterscheiden.',
    },
    { begins: 'Must have six digits', says: 'Muss sechs Ziffern haben.' },
    { begins: 'Must contain a visible character', says: 'Muss ein sichtbares Zeichen enthalten.' },
    { begins: 'Must be a date', says: 'Muss ein Tag sein.' },
    { begins: 'Must be valid Unicode text', says: 'Muss gültiger Text sein.' },
  ],
};

/** The German texts of the administration. */
export const deAdmin: AdminTexts = {
  adminsOnly: 'Diese Seiten sind für die Verwaltung.',
  overview: 'Überblick',
  people: 'Personen',
  person: 'Person',
  events: 'Ereignisse',
  all: 'Alle',
  open: 'Öffnen',
  yes: 'Ja',
  no: 'Nein',

  // Personen.
  emailBegins: 'Adresse beginnt mit',
  nameBegins: 'Name beginnt mit',
  role: 'Rolle',
  state: 'Zustand',
  enabled: 'Aktiv',
  disabled: 'Gesperrt',
  created: 'Angelegt',
  order: 'Reihenfolge',
  oldestFirst: 'Älteste zuerst',
  newestFirst: 'Neueste zuerst',
  byEmail: 'Adresse, A bis Z',
  byEmailReversed: 'Adresse, Z bis A',
  byName: 'Nachname, A bis Z',
  byNameReversed: 'Nachname, Z bis A',
  nobody: 'Es wurde niemand gefunden.',
  invite: 'Jemanden einladen',
  invited: (email: string) => `${email} bekommt eine E-Mail, um ein Passwort zu wählen.`,

  // Eine Person.
  addressVerified: 'Adresse bestätigt',
  enable: 'Konto entsperren',
  disable: 'Konto sperren',
  passwordOf: 'Passwort',
  requireReset: 'Neues Passwort verlangen',
  requireResetIntro:
    'Das Passwort wird sofort ungültig, und alle Sitzungen und Zugriffstoken enden. Die Person wählt ein neues Passwort mit einem Link, den Sie hier erhalten.',
  resetIssued: (at: string) =>
    `Geben Sie diesen Link der Person. Er gilt bis ${at} und wird nur jetzt gezeigt.`,
  sessions: 'Sitzungen und Zugriffstoken',
  noSessions: 'Es gibt keine.',
  accessToken: 'Zugriffstoken',
  endAll: 'Alle beenden',
  factors: 'Zweite Faktoren',
  factorsOff: 'Dieser Dienst hat keine zweiten Faktoren.',
  noFactors: 'Es gibt keine.',
  factorsOf: (hasApp: boolean, passkeys: number, codes: number) =>
    [
      ...(hasApp ? ['Authenticator-App'] : []),
      `Passkeys: ${passkeys}`,
      `Wiederherstellungscodes: ${codes}`,
    ].join(', '),
  resetFactors: 'Alle zweiten Faktoren entfernen',
  allEvents: 'Alle Ereignisse dieser Person',
  deleteUserQuestion: (email: string) =>
    `Das lässt sich nicht rückgängig machen. Möchten Sie das Konto von ${email} löschen?`,

  // Ereignisse.
  time: 'Zeit',
  event: 'Ereignis',
  details: 'Einzelheiten',
  user: 'Person',
  userId: 'Id einer Person',
  reason: 'Grund',
  ip: 'IP-Adresse',
  from: 'Von',
  until: 'Bis',
  export: 'Als CSV exportieren',
  noEvents: 'Es gibt keine.',

  // Überblick.
  users: 'Konten',
  activeSessions: 'Aktive Sitzungen',
  hashesRunning: 'Passwörter in Prüfung',
  hashesWaiting: 'Wartende Passwörter',
  signIns: 'Anmeldungen in 24 Stunden',
  failures: 'Fehlgeschlagene Anmeldungen in 24 Stunden, nach Grund',
  throttled: 'Gebremste Versuche in 24 Stunden',
  count: 'Anzahl',
  total: (count: number) => `${count} insgesamt.`,
  mostInAnHour: (count: number) => `Höchstens ${count} in einer Stunde.`,
  asTable: 'Als Tabelle zeigen',
};

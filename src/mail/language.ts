import Negotiator from 'negotiator';

/** Longer headers are ignored. Browsers send less than a hundred characters. */
const MOST_CHARACTERS = 500;

/** The language of a client by its `Accept-Language`; the first one if it accepts none of `languages`, or accepts all. */
export function chooseLanguage(
  acceptLanguage: string | null | undefined,
  languages: readonly [string, ...string[]],
): string {
  if (!acceptLanguage || acceptLanguage.length > MOST_CHARACTERS) return languages[0];
  const negotiator = new Negotiator({ headers: { 'accept-language': acceptLanguage } });
  return negotiator.languages([...languages])[0] ?? languages[0];
}

/** For fields that the standard dialect alone knows. */
export const STANDARD = { groups: ['standard'] };

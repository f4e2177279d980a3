/** The folders at the root where the pages are. */
export const PAGE_FOLDERS = ['account', 'admin'] as const;

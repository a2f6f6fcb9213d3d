import type { Written } from '#queries/written/write-event.ts';

export type WrittenFields = { readonly [key: string]: Written };

/** Written keys of the values that there are: neither undefined nor an empty list nor false. */
export function writtenFields(fields: { readonly [key: string]: Written | undefined }): WrittenFields {
  return Object.fromEntries(
    Object.entries(fields).filter(
      (entry): entry is [string, Written] =>
        entry[1] !== undefined && entry[1] !== false && !(Array.isArray(entry[1]) && entry[1].length === 0),
    ),
  );
}

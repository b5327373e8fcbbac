import { isStoreError, StoreError, type StoreErrorCode } from "@holdfast/store-core"

const CODES: Readonly<Record<string, readonly [StoreErrorCode, string]>> = {
  EACCES: ["STORE_PERMISSION", "The process may not use the file. Give it access."],
  EPERM: ["STORE_PERMISSION", "The process may not use the file. Give it access."],
  EROFS: ["STORE_READ_ONLY", "The file system does not accept writes. Mount it writable."],
  ENOSPC: ["STORE_FULL", "No space is left for the file. Free some."],
  EDQUOT: ["STORE_FULL", "The quota for the file is used up. Free some space."],
  ENOENT: ["STORE_UNAVAILABLE", "The file's directory does not exist. Create it."],
  EISDIR: ["STORE_UNAVAILABLE", "The path is a directory. Name a file in it."],
}

/** What went wrong with the file, as an error callers can recognise. The engine adds the document. */
export function toStoreError(error: unknown): StoreError {
  if (isStoreError(error)) return error
  const { code, message: said }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error))
  const [storeCode, message] = CODES[code ?? ""] ?? (["STORE_BACKEND", said] as const)
  return new StoreError(storeCode, message, { backend: "file", cause: error })
}

import { isStoreError } from "@holdfast/store-core"

/** What became of a promise: `"ok"`, or the code of the `StoreError` it rejected with, or the error as it is. */
export function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "ok",
    (error: unknown) => (isStoreError(error) ? error.code : error),
  )
}

/** As `outcomeOf`, but `"pending"` when nothing became of it after everything else has gone on. */
export async function soon(promise: Promise<unknown>, milliseconds = 300): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<string>(resolve => {
    timer = setTimeout(() => resolve("pending"), milliseconds)
  })
  try {
    return await Promise.race([outcomeOf(promise), late])
  } finally {
    clearTimeout(timer)
  }
}

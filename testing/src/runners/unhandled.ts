interface ProcessEvents {
  on(event: "unhandledRejection", listener: (reason: unknown) => void): unknown
  off(event: "unhandledRejection", listener: (reason: unknown) => void): unknown
}

/**
 * Collects rejections that nobody handles, until the function returned is called; that one waits until the runtime has
 * reported what it has to. Collects nothing where the runtime does not tell.
 */
export function listenForUnhandled(): () => Promise<unknown[]> {
  const reasons: unknown[] = []
  const stop = listen(reason => reasons.push(reason))
  return async () => {
    // Runtimes report once the microtasks are done, which a timer comes after.
    await new Promise(resolve => setTimeout(resolve, 0))
    stop()
    return reasons
  }
}

function listen(report: (reason: unknown) => void): () => void {
  const { process } = globalThis as { process?: Partial<ProcessEvents> }
  if (typeof process?.on === "function" && typeof process.off === "function") {
    const events = process as ProcessEvents
    events.on("unhandledRejection", report)
    return () => events.off("unhandledRejection", report)
  }
  if (typeof globalThis.addEventListener !== "function") return () => {}
  const listener = (event: Event): void => report((event as PromiseRejectionEvent).reason)
  globalThis.addEventListener("unhandledrejection", listener)
  return () => globalThis.removeEventListener("unhandledrejection", listener)
}

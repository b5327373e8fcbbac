import { suiteConfig } from "../scripts/vitest-suite.mjs"

export default suiteConfig("bench")

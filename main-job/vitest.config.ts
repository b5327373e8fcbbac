import { suiteConfig } from "../scripts/vitest-suite.mjs"

export default suiteConfig("main-job")

import type { ViteUserConfig } from "vitest/config"
import { suiteConfig } from "../scripts/vitest-suite.mjs"

const { test } = suiteConfig("prisma-store")

const config: ViteUserConfig = { test: { ...test, globalSetup: ["test/support/global-setup.ts"] } }
export default config

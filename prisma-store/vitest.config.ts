import type { ViteUserConfig } from "vitest/config"
import { suiteConfig } from "../scripts/vitest-suite.mjs"

const { test } = suiteConfig("prisma-store")

const globalSetup = ["test/support/generated.ts", "../postgres-store/test/support/global-setup.ts"]
const config: ViteUserConfig = { test: { ...test, globalSetup } }
export default config

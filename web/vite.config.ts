import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  plugins: [svelte()],
  resolve: {
    // The first that fits counts.
    alias: {
      "@groundwire/client/knowledge": path("../sdk/typescript/src/knowledge/index.ts"),
      "@groundwire/client": path("../sdk/typescript/src/index.ts"),
    },
  },
  build: {
    outDir: path("../src/groundwire/static"),
    emptyOutDir: true,
    target: "es2023",
    // The server forbids inline scripts and data: scripts, and so must the bundle.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    fs: { allow: [path("..")] },
    proxy: {
      "/api": { target: process.env["GROUNDWIRE_SERVER"] ?? "http://127.0.0.1:3001", ws: true },
    },
  },
});

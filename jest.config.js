'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/spec'],
  testMatch: ['**/*.spec.ts'],
  transform: {
    '^.+\\.[jt]s$': [
      'ts-jest',
      // `npm run typecheck` checks the types of everything at once; here only the syntax is taken off.
      {
        diagnostics: false,
        tsconfig: {
          module: 'commonjs',
          moduleResolution: 'node10',
          ignoreDeprecations: '6.0',
          isolatedModules: true,
          allowJs: true,
          verbatimModuleSyntax: false,
          sourceMap: true,
          inlineSources: true,
        },
      },
    ],
  },
  // These are ESM only; jest runs the specs as CommonJS.
  transformIgnorePatterns: ['/node_modules/(?!(p-queue|p-timeout|eventemitter3|fast-check|pure-rand)/)'],
  collectCoverageFrom: ['lib/**/*.ts'],
  coverageThreshold: { global: { lines: 95 } },
  coverageReporters: ['text-summary', 'lcovonly'],
  testTimeout: 30_000,
};

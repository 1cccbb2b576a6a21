const test = require("node:test");

test("process.env.ONLY_IN_TESTS is not the application's", () => {});

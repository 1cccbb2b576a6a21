const express = require("express");
const { Pool } = require("pg");

const { SESSION_SECRET, LOG_LEVEL = "info" } = process.env;
const port = Number(process.env.PORT) || 4000;
const pool = new Pool({ connectionString: process.env.DATABASE_URL });

const app = express();
const router = express.Router();

router.get("/status", (request, response) => response.json({ below: "a prefix" }));
app.use("/admin", router);
app.get("/healthz", (request, response) => response.json({ ok: true }));
app.get("/orders", async (request, response) => {
  const { rows } = await pool.query("select * from orders");
  response.json(rows);
});

app.listen(port, () => console.log(LOG_LEVEL, port, Boolean(SESSION_SECRET)));

import Fastify from "fastify";

const app = Fastify({ logger: process.env.LOG !== "off" });
const apiKey: string = process.env.QUOTES_API_KEY!;

app.get("/api/health", async () => ({ ok: true, key: apiKey !== undefined }));

await app.listen({ port: Number(process.env.PORT ?? 3100), host: "0.0.0.0" });

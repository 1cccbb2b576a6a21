import { createServer } from "node:http";

createServer((request, response) => {
  response.statusCode = request.url === "/ping" ? 200 : 404;
  response.end();
}).listen(process.env.PORT || 8088);

"""Health routes: followed through routers and modules, used only where their whole path is certain."""

from __future__ import annotations

from pathlib import Path

import pytest

from boringops_tools.stack import Application, detect

NODE = {
    "package.json": '{"name": "x", "dependencies": {"express": "5"}, "scripts": {"start": "node a.js"}}',
    "package-lock.json": "{}",
}
NEXT = {"package.json": '{"name": "x", "dependencies": {"next": "16"}}', "package-lock.json": "{}"}
FLASK = "from flask import Flask, Blueprint\napp = Flask(__name__)\n"
FASTAPI = "from fastapi import FastAPI, APIRouter\napp = FastAPI()\n"


def only(root: Path, files: dict[str, str]) -> Application:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (app,) = detect(root, sorted(files)).applications
    assert app.deployable, app.reason
    return app


def health(app: Application) -> str | None:
    return app.health.path if app.health else None


EXPRESS = "import express, { Router } from 'express'; const app = express(); app.listen(3000); "


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.js": EXPRESS + "const r = Router(); r.get('/health', f); app.use('/api', r)"}, "/api/health"),
        ({"a.js": EXPRESS + "const r = Router(), q = Router(); q.get('/', f); r.use('/health', q); app.use('/api/v1', r)"},
         "/api/v1/health"),
        ({"a.js": EXPRESS + "const P = '/api'; const r = Router(); r.route('/healthz').get(f); app.use(`${P}/v2`, guard, r)"},
         "/api/v2/healthz"),
        ({"a.js": EXPRESS + "import add from './add.js'; add(app)",
          "add.js": "export default function (server) { server.get('/livez', f) }"}, "/livez"),
        ({"a.js": "const express = require('express'); const app = express(); app.use('/api', require('./routes')); app.listen(1)",
          "routes/index.js": "const r = require('express').Router(); r.use('/health', require('./health')()); module.exports = r",
          "routes/health.js": "const { Router } = require('express'); module.exports = () => { const r = Router();"
                              " r.get('/', f); return r }"}, "/api/health"),
        ({"a.js": "import Fastify from 'fastify'; import h from './h.js'; const app = Fastify();"
                  "app.register(h, { prefix: '/api' }); app.listen({ port: 1 })",
          "h.js": "export default async function (fastify) { fastify.get('/health', f);"
                  "fastify.register(async (inner) => { inner.get('/live', f) }, { prefix: '/health' }) }"}, "/api/health/live"),
        ({"a.js": "import { Hono } from 'hono'; const app = new Hono(); const h = new Hono().get('/', f);"
                  "app.route('/health', h); serve({ fetch: app.fetch }); app.listen(1)"}, "/health"),
        ({"a.ts": "import express from 'express'; class S { app = express(); start() { this.app.get('/healthz', f);"
                  "this.app.listen(1) } }"}, "/healthz"),
        # Nothing certain: mounted nowhere, under a name that only runtime knows, or only answering POST.
        ({"a.js": EXPRESS + "const r = Router(); r.get('/health', f)"}, None),
        ({"a.js": EXPRESS + "const r = Router(); r.get('/health', f); app.use(config.base, r)"}, None),
        ({"a.js": EXPRESS + "app.post('/health', f); cache.get('/health', f)"}, None),
        ({"a.js": EXPRESS + "app.use((req, res, next) => req.path === '/health' ? next() : log(req, next))"}, None),
        ({"a.js": EXPRESS + "const other = express(); other.get('/health', f); other.listen(9090)"}, None),
    ],
)  # fmt: skip
def test_express_and_its_like(tmp_path: Path, files: dict[str, str], expected: str | None) -> None:
    assert health(only(tmp_path, {**NODE, **files})) == expected


def test_what_is_not_certain_is_said(tmp_path: Path) -> None:
    app = only(tmp_path, {**NODE, "a.js": EXPRESS + "const r = Router(); r.get('/health', f); app.use(base(), r)"})
    assert any("`/health` in a.js:1" in remark and "not certain" in remark for remark in app.remarks)


def test_liveness_goes_before_what_may_ask_a_database(tmp_path: Path) -> None:
    code = (
        EXPRESS + "const r = Router(); r.get('/', f); r.get('/live', f); r.get('/ready', f); app.use('/api/health', r)"
    )
    app = only(tmp_path, {**NODE, "a.js": code})
    assert health(app) == "/api/health/live"
    assert any("`/api/health/live`" in remark and "`/api/health/ready`" in remark for remark in app.remarks)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"app/(ops)/api/health/route.ts": "export async function GET() {}"}, "/api/health"),
        ({"src/pages/api/healthz.ts": "export default function handler() {}"}, "/api/healthz"),
        ({"pages/api/health/index.js": "export default () => {}"}, "/api/health"),
        ({"app/health/route.js": "export const GET = () => {}", "next.config.js": "module.exports = { basePath: '/shop' }"},
         "/shop/health"),
        ({"app/health/route.js": "export const POST = () => {}"}, None),
        ({"app/[shop]/health/route.js": "export const GET = () => {}"}, None),
    ],
)  # fmt: skip
def test_nextjs(tmp_path: Path, files: dict[str, str], expected: str | None) -> None:
    assert health(only(tmp_path, {**NEXT, **files})) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"main.py": FASTAPI + "r = APIRouter(prefix='/health')\n@r.get('/live')\ndef f(): ...\napp.include_router(r, prefix='/api')"},
         "/api/health/live"),
        ({"app/__init__.py": "", "app/main.py": "from fastapi import FastAPI\nfrom app.api import health\nfrom .api import router\n"
          "app = FastAPI()\nrouter.include_router(health.router, prefix='/health')\napp.include_router(router, prefix='/v1')",
          "app/api/__init__.py": "from fastapi import APIRouter\nrouter = APIRouter()",
          "app/api/health.py": "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('')\ndef f(): ..."}, "/v1/health"),
        ({"main.py": FLASK + "b = Blueprint('b', __name__, url_prefix='/api')\n@b.route('/health')\ndef f(): ...\n"
          "app.register_blueprint(b)"}, "/api/health"),
        ({"main.py": FLASK + "b = Blueprint('b', __name__, url_prefix='/api')\n@b.get('/health')\ndef f(): ...\n"
          "app.register_blueprint(b, url_prefix='/v2')"}, "/v2/health"),
        ({"main.py": "from flask import Flask\ndef create_app():\n    app = Flask(__name__)\n    add(app)\n    return app\n"
          "def add(server):\n    @server.route('/ping')\n    def f(): ...\n"}, "/ping"),
        ({"main.py": "from starlette.applications import Starlette\nfrom starlette.routing import Mount, Route\n"
          "app = Starlette(routes=[Mount('/api', routes=[Route('/healthz', f)])])"}, "/api/healthz"),
        ({"main.py": FASTAPI + "r = APIRouter()\n@r.get('/health')\ndef f(): ...\n"}, None),
        ({"main.py": FASTAPI + "r = APIRouter()\n@r.get('/health')\ndef f(): ...\napp.include_router(r, prefix=PREFIX)"}, None),
        ({"main.py": FLASK + "@app.route('/health', methods=['POST'])\ndef f(): ..."}, None),
    ],
)  # fmt: skip
def test_fastapi_starlette_and_flask(tmp_path: Path, files: dict[str, str], expected: str | None) -> None:
    assert health(only(tmp_path, {"requirements.txt": "fastapi\nuvicorn\nflask\nstarlette\n", **files})) == expected


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ("[path('health/', include('probes.urls'))]", "/health/live"),
        ("[path('api/', include(([path('x', f)], 'a')))] + [re_path(r'^healthz/?$', f)]", "/healthz"),
        ("[path('<slug:shop>/', include('probes.urls'))]", None),
    ],
)
def test_django(tmp_path: Path, patterns: str, expected: str | None) -> None:
    app = only(
        tmp_path,
        {
            "requirements.txt": "django\ngunicorn\n",
            "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_.settings')\n",
            "site_/settings.py": "ROOT_URLCONF = 'site_.urls'\n",
            "site_/wsgi.py": "application = 1\n",
            "site_/urls.py": f"from django.urls import include, path, re_path\nurlpatterns = {patterns}\n",
            "probes/urls.py": "from django.urls import path\nurlpatterns = [path('live', f)]\n",
        },
    )
    assert health(app) == expected


@pytest.mark.parametrize(
    ("package", "code", "expected"),
    [
        ("net/http", 'm := http.NewServeMux(); m.HandleFunc("GET /healthz", h); http.ListenAndServe(":1000", m)', "/healthz"),
        ("net/http", 'http.HandleFunc("/api/health", h); http.ListenAndServe(":1000", nil)', "/api/health"),
        ("net/http", 'm := http.NewServeMux(); m.HandleFunc("POST /health", h); http.ListenAndServe(":1000", m)', None),
        ("net/http", 'a := http.NewServeMux(); a.HandleFunc("/health", h); m := http.NewServeMux();'
         ' m.Handle("/api/", http.StripPrefix("/api", a)); http.ListenAndServe(":1000", m)', "/api/health"),
        ("github.com/go-chi/chi/v5", 'r := chi.NewRouter(); r.Route("/api", func(r chi.Router) { r.Get("/health", h) });'
         ' http.ListenAndServe(":1000", r)', "/api/health"),
        ("github.com/go-chi/chi/v5", 'r := chi.NewRouter(); r.Mount("/api", sub()); http.ListenAndServe(":1000", r)', "/api/livez"),
        ("github.com/gin-gonic/gin", 'r := gin.Default(); api := r.Group("/api"); v1 := api.Group("/v1"); v1.GET("/health", h);'
         ' r.Run(":1000")', "/api/v1/health"),
        ("github.com/labstack/echo/v4", 'e := echo.New(); g := e.Group("/api"); g.GET("/ping", h); e.Start(":1000")', "/api/ping"),
        ("github.com/gorilla/mux", 'r := mux.NewRouter(); s := r.PathPrefix("/api").Subrouter();'
         ' s.HandleFunc("/health", h).Methods("GET"); http.ListenAndServe(":1000", r)', "/api/health"),
        ("github.com/gorilla/mux", 'r := mux.NewRouter(); r.HandleFunc("/health", h).Methods("POST"); http.ListenAndServe(":1000", r)',
         None),
        ("github.com/go-chi/chi/v5", 's := &server{router: chi.NewRouter()}; s.routes(); http.ListenAndServe(":1000", s.router)',
         "/up"),
        ("github.com/go-chi/chi/v5", 'r := chi.NewRouter(); r.Mount(base(), sub()); http.ListenAndServe(":1000", r)', None),
    ],
)  # fmt: skip
def test_go(tmp_path: Path, package: str, code: str, expected: str | None) -> None:
    imports = sorted({"net/http", package})
    text = (
        "package main\n\nimport (\n" + "".join(f'\t"{name}"\n' for name in imports) + ")\n\n"
        'func sub() http.Handler {\n\tr := chi.NewRouter()\n\tr.Get("/livez", h)\n\treturn r\n}\n\n'
        'func (s *server) routes() {\n\ts.router.Get("/up", h)\n}\n\n'
        f"func main() {{\n\t{code}\n}}\n"
    )
    assert health(only(tmp_path, {"go.mod": "module example.org/x\n\ngo 1.26\n", "main.go": text})) == expected


def test_a_health_word_in_another_place_is_about_something_else(tmp_path: Path) -> None:
    paths = ["/streams/live", "/orders/status", "/users/:id/health", "/live/:channel"]
    app = only(tmp_path, {**NODE, "a.js": EXPRESS + "".join(f"app.get('{path}', f);" for path in paths)})
    assert health(app) is None

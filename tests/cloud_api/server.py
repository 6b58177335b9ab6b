"""The server: the Graph API's endpoints, the control API and the page of a phone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from . import control, control_webhooks, graph, page, subscriptions
from .cloud import Cloud
from .config import Config
from .courier import Courier
from .errors import GraphError


def create_cloud(config: Config | None = None, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The server. Its state is `app.state.cloud`; `transport` reaches a receiver of webhooks in the same process."""
    config = config or Config()
    cloud = Cloud(config, Courier(config, transport, config.webhook))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await cloud.close()

    app = FastAPI(title="Local Cloud API", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.cloud, app.state.config = cloud, replace(config)
    app.add_middleware(Abortable)
    app.add_exception_handler(GraphError, _refuse)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _no_path)
    app.mount("/static", StaticFiles(directory=page.STATIC), name="static")
    for each in (page.router, control.router, control_webhooks.router, subscriptions.router, graph.router):
        app.include_router(each)
    return app


class Abortable:
    """Lets a fault close the connection, where there is one: what the server itself has no way to ask for."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the app."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note how to close the connection; uvicorn has it behind `receive`."""
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        if scope["type"] == "http" and transport is not None:
            scope["cloud_api.abort"] = transport.abort
        await self.app(scope, receive, send)


def _refuse(request: Request, error: Exception) -> JSONResponse:
    """A refusal, counted."""
    assert isinstance(error, GraphError)
    if request.url.path.startswith("/_control"):
        return JSONResponse({"detail": str(error)}, 400)
    cloud: Cloud = request.app.state.cloud
    reason = {"code": error.code, "subcode": error.subcode, "message": error.message, "details": error.details}
    cloud.counters["refused"] += 1
    cloud.refused.append({"method": request.method, "path": request.url.path, "status": error.http} | reason)
    realm = "invalid_token" if error.code == 190 else "invalid_request"
    headers = {"WWW-Authenticate": f'OAuth "Facebook Platform" "{realm}" "{error.message[:200]}"'}
    try:
        return JSONResponse(error.body(), error.http, headers)
    except UnicodeEncodeError:  # a header can't say what the request had in it
        return JSONResponse(error.body(), error.http)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    if request.url.path.startswith(("/_control", "/_phone")):
        return JSONResponse({"detail": [{"loc": each["loc"], "msg": each["msg"]} for each in error.errors()]}, 400)
    name = error.errors()[0]["loc"][-1]
    return _refuse(request, GraphError(100, f"(#100) The parameter {name} is required or not valid.", whatsapp=False))


async def _no_path(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if not re.match(r"/v\d", request.url.path) or error.status_code not in {404, 405}:
        return JSONResponse({"detail": error.detail}, error.status_code)
    message = f"Unknown path components: {request.url.path}"
    return _refuse(request, GraphError(2500, message, http=400, whatsapp=False))

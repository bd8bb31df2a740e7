package dev.tidemill.storefront.web;

import dev.tidemill.storefront.pages.StaticTemplates;
import dev.tidemill.storefront.shop.InvalidInput;
import dev.tidemill.storefront.shop.TooManyCodes;
import dev.tidemill.storefront.shop.Visits;
import io.helidon.http.HttpException;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings requests to what answers them; errors become pages, or problem details under {@code /api}. */
public final class Routes {
    private static final Logger LOG = LoggerFactory.getLogger(Routes.class);
    private static final StaticTemplates PAGES = new StaticTemplates();

    private final HttpRouting.Builder routing;
    private final Visits visits;
    private final Backstage backstage;

    /** Answers a request. */
    @FunctionalInterface
    public interface Action {
        /** Sends exactly one answer, or throws. */
        void answer(Exchange exchange) throws Exception;
    }

    /** Into this routing. */
    public Routes(HttpRouting.Builder routing, Visits visits, Backstage backstage) {
        this.routing = routing;
        this.visits = visits;
        this.backstage = backstage;
    }

    /** Answers GET at this path. */
    public Routes get(String path, Action action) {
        routing.get(path, (request, response) -> answer(action, request, response));
        return this;
    }

    /** Answers POST at this path. */
    public Routes post(String path, Action action) {
        routing.post(path, (request, response) -> answer(action, request, response));
        return this;
    }

    /** Answers everything else: nothing is here. Comes last. */
    public void seal() {
        routing.any((request, response) -> answer(
                exchange -> {
                    throw Refusal.notFound();
                },
                request,
                response));
    }

    private void answer(Action action, ServerRequest request, ServerResponse response) {
        Exchange exchange = new Exchange(request, response, visits, backstage);
        Guard.protect(response);
        try {
            Guard.check(request);
            action.answer(exchange);
        } catch (Refusal refusal) {
            refuse(refusal, request, exchange);
        } catch (InvalidInput wrong) {
            refuse(
                    new Refusal(422, "Please check", String.valueOf(wrong.getMessage()), wrong.messages()),
                    request,
                    exchange);
        } catch (TooManyCodes often) {
            refuse(new Refusal(429, "Too many codes", String.valueOf(often.getMessage())), request, exchange);
        } catch (HttpException http) {
            refuse(
                    new Refusal(http.status().code(), "Not understood", String.valueOf(http.getMessage())),
                    request,
                    exchange);
        } catch (Exception failed) {
            LOG.error(
                    "{} {} failed", request.prologue().method(), request.path().path(), failed);
            refuse(
                    new Refusal(500, "That did not work", "Something broke on our side. Please try again."),
                    request,
                    exchange);
        }
    }

    private void refuse(Refusal refusal, ServerRequest request, Exchange exchange) {
        String message = String.valueOf(refusal.getMessage());
        if (request.path().path().startsWith("/api/")) {
            Json.problem(exchange, refusal.status(), refusal.title(), message, refusal.fields());
            return;
        }
        // Without the visit: what failed may be the database.
        Frame frame = new Frame(null, 0, backstage.mailUrl(), backstage.adminUrl());
        exchange.page(refusal.status(), PAGES.message(frame, refusal.title(), message));
    }
}

package dev.tidemill.server.push;

import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.routing.RoutingSupport;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Posts JSON to addresses that the guard lets pass. Follows no redirect, keeps no cookie, tries nothing twice, uses no proxy,
 * and reads no more of an answer than its limit. The time limit is for all of it, however slowly an answer drips. Thread
 * safe.
 */
final class Postman implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Postman.class);
    static final int ANSWER_LIMIT = 64 << 10;
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final int CONNECTIONS = 4_000;

    /**
     * An answer.
     *
     * @param dependency what it says is down, so that it could not do the job
     * @param body up to the limit
     * @param cut whether there was more
     */
    @SuppressWarnings("ArrayRecordComponent") // A carrier, never compared.
    record Answer(
            int status,
            Optional<String> retryAfter,
            Optional<String> dependency,
            Optional<String> mediaType,
            byte[] body,
            boolean cut) {}

    private final AddressGuard guard;
    private final CloseableHttpClient client;
    private final ScheduledThreadPoolExecutor limits = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("tidemill-push-limits").factory());

    Postman(AddressGuard guard) {
        this.guard = guard;
        limits.setRemoveOnCancelPolicy(true);
        client = HttpClients.custom()
                .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                        .setDnsResolver(guard)
                        .setMaxConnTotal(CONNECTIONS)
                        .setMaxConnPerRoute(CONNECTIONS)
                        .setDefaultConnectionConfig(ConnectionConfig.custom()
                                .setConnectTimeout(Timeout.of(CONNECT))
                                .setTimeToLive(TimeValue.ofMinutes(1))
                                .setValidateAfterInactivity(TimeValue.ofSeconds(2))
                                .build())
                        .build())
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .disableCookieManagement()
                .disableAuthCaching()
                .disableContentCompression()
                .setUserAgent("Tidemill")
                .build();
    }

    /**
     * Posts a body.
     *
     * @throws SocketTimeoutException if the answer is not there in time
     */
    Answer post(URI url, Map<String, String> headers, byte[] body, Duration timeout) throws IOException {
        guard.refuseClearText(url);
        HttpPost request = request(url);
        headers.forEach(request::setHeader);
        request.setEntity(new ByteArrayEntity(body, ContentType.APPLICATION_JSON));
        request.setConfig(RequestConfig.custom()
                .setConnectionRequestTimeout(Timeout.of(timeout))
                .setResponseTimeout(Timeout.of(timeout))
                .setHardCancellationEnabled(true)
                .build());
        AtomicBoolean late = new AtomicBoolean();
        ScheduledFuture<?> limit = limits.schedule(
                () -> {
                    late.set(true);
                    request.cancel();
                },
                timeout.toNanos(),
                TimeUnit.NANOSECONDS);
        try {
            ClassicHttpResponse response = client.executeOpen(RoutingSupport.determineHost(request), request, null);
            try {
                return answer(request, response);
            } finally {
                close(response);
            }
        } catch (IOException failed) {
            if (late.get()) {
                throw (IOException)
                        new SocketTimeoutException("No answer within " + timeout.toMillis() + " ms.").initCause(failed);
            }
            throw failed;
        } catch (HttpException malformed) {
            throw new IOException(malformed);
        } finally {
            limit.cancel(false);
        }
    }

    /** Whatever is wrong with an address that was kept is a failure of the sending, which jobs hear of. */
    private static HttpPost request(URI url) throws IOException {
        try {
            return new HttpPost(url);
        } catch (IllegalArgumentException unusable) {
            throw new IOException("The address cannot be sent to: " + unusable.getMessage(), unusable);
        }
    }

    /** What was to be read is read: how the connection ends is all the same. */
    private static void close(ClassicHttpResponse response) {
        try {
            response.close();
        } catch (IOException broken) {
            LOG.trace("A connection ended with an error.", broken);
        }
    }

    private static Answer answer(HttpPost request, ClassicHttpResponse response) throws IOException {
        byte[] body = new byte[0];
        boolean cut = false;
        HttpEntity entity = response.getEntity();
        if (entity != null) {
            InputStream in = entity.getContent();
            body = in.readNBytes(ANSWER_LIMIT + 1);
            cut = body.length > ANSWER_LIMIT;
            if (cut) {
                // What is left is not read: closing the answer would.
                request.cancel();
            }
        }
        return new Answer(
                response.getCode(),
                header(response, "Retry-After"),
                header(response, "Tidemill-Dependency"),
                header(response, "Content-Type"),
                body,
                cut);
    }

    private static Optional<String> header(ClassicHttpResponse response, String name) {
        @Nullable Header header = response.getFirstHeader(name);
        return Optional.ofNullable(header).map(Header::getValue);
    }

    @Override
    public void close() {
        limits.shutdownNow();
        client.close(org.apache.hc.core5.io.CloseMode.IMMEDIATE);
    }
}

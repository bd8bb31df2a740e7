package dev.tidemill.storefront.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** Style sheet, script and icon: read once, served under addresses that change with their content. */
public final class Assets {
    private static final String HTMX = "META-INF/resources/webjars/htmx.org/";
    private static final String HTMX_VERSION = "META-INF/maven/org.webjars.npm/htmx.org/pom.properties";
    private static final String OWN = "/dev/tidemill/storefront/web/";

    private static final Map<String, Asset> ALL = Map.of(
            "shop.css", asset("text/css; charset=utf-8", own("shop.css")),
            "icon.svg", asset("image/svg+xml", own("icon.svg")),
            "htmx.min.js", asset("text/javascript; charset=utf-8", htmx()));

    /**
     * A file.
     *
     * @param mediaType what it is
     * @param content its bytes; not to be changed
     * @param mark the beginning of its content's hash
     */
    @SuppressWarnings("ArrayRecordComponent") // A carrier, never compared.
    record Asset(String mediaType, byte[] content, String mark) {}

    private Assets() {}

    static Optional<Asset> find(String name) {
        return Optional.ofNullable(ALL.get(name));
    }

    static String path(String name) {
        return "/assets/" + name + "?v=" + find(name).orElseThrow().mark();
    }

    private static Asset asset(String mediaType, byte[] content) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(content);
            return new Asset(mediaType, content, HexFormat.of().formatHex(hash, 0, 6));
        } catch (GeneralSecurityException unavailable) {
            throw new IllegalStateException("SHA-256 is part of every JDK", unavailable);
        }
    }

    private static byte[] own(String name) {
        return read(Assets.class.getResourceAsStream(OWN + name), name);
    }

    private static byte[] htmx() {
        ClassLoader loader = Assets.class.getClassLoader();
        try (InputStream in = loader.getResourceAsStream(HTMX_VERSION)) {
            Properties jar = new Properties();
            if (in != null) {
                jar.load(in);
            }
            String name = HTMX + jar.getProperty("version") + "/dist/htmx.min.js";
            return read(loader.getResourceAsStream(name), name);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static byte[] read(@Nullable InputStream resource, String name) {
        try (InputStream in = resource) {
            if (in == null) {
                throw new IllegalStateException("The resource " + name + " is missing from the class path.");
            }
            return in.readAllBytes();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}

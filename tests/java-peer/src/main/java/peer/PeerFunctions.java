package peer;

import com.amazonaws.athena.connector.lambda.handlers.UserDefinedFunctionHandler;

/** The functions that SQL can call. */
public final class PeerFunctions extends UserDefinedFunctionHandler {
    PeerFunctions() {
        super("peer");
    }

    /** The first characters of a text and how many it has; no text at all is {@code none}. */
    public String head(String text, Integer keep) {
        if (text == null) {
            return "none";
        }
        if (keep == null || keep < 0) {
            return null;
        }
        int length = text.codePointCount(0, text.length());
        int end = text.offsetByCodePoints(0, Math.min(keep, length));
        return text.substring(0, end) + "/" + length;
    }
}

package peer;

import com.amazonaws.athena.connector.lambda.handlers.UserDefinedFunctionHandler;

/** User-defined functions. */
public final class PeerFunctions extends UserDefinedFunctionHandler {
    PeerFunctions() {
        super("peer");
    }

    /** Returns the first characters of a string and its length; {@code none} for null. */
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

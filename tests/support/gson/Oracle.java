import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.gson.*;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

/** Reads JSON texts, one a line, as a web server on Jackson does, and answers with the text that Gson writes. */
public class Oracle {
  public static void main(String[] args) throws Exception {
    ObjectMapper jackson = new ObjectMapper();
    Gson gson = new GsonBuilder().setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE).create();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    for (String line; (line = in.readLine()) != null; ) {
      out.println(gson.toJson(jackson.readValue(line, LinkedHashMap.class)));
    }
    out.flush();
  }
}

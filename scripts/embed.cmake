# cmake -D OUTPUT=FILE -D HEADER=FILE -D TYPE=STRUCT -D TABLE=NAME -D FILES=FILE;... -P embed.cmake: writes a C file that
# holds these files, for policy/profiles.c and supervisor/record/texts.c: HEADER declares `struct TYPE` and its TABLE.
set(table "")
set(texts "")
set(number 0)
foreach(file ${FILES})
  cmake_path(GET file FILENAME name)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n    " bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND texts "static const unsigned char text_${number}[] = {\n    ${bytes}0};\n")
  string(APPEND table "    {\"${name}\", (const char *)text_${number}, sizeof text_${number} - 1},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"${HEADER}\"\n\n${texts}
const struct ${TYPE} ${TABLE}[] = {\n${table}    {0},\n};\n")

# What `make install` puts where. Each part is taken up when it is there.
if(TARGET mews)
    install(TARGETS mews)
    install(TARGETS mews-usernet RUNTIME DESTINATION ${CMAKE_INSTALL_LIBDIR}/mews)
endif()
install(TARGETS libmews_a libmews_so ARCHIVE LIBRARY)
install(DIRECTORY include/mews TYPE INCLUDE)
install(TARGETS ${modules} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/mews)
if(TARGET mews_libretro)
    install(TARGETS mews_libretro LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/libretro)
    configure_file(cmake/mews_libretro.info.in mews_libretro.info @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/mews_libretro.info DESTINATION ${CMAKE_INSTALL_DATADIR}/libretro/info)
endif()

# Not Requires.private: that would ask for the static libraries of libraries, which Debian does not always have.
list(TRANSFORM LIBS_LIBRARIES PREPEND -l OUTPUT_VARIABLE private)
list(JOIN private " " private)
configure_file(cmake/mews.pc.in mews.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/mews.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# What cc65 needs to make programs for the 6502v: make -f PREFIX/share/mews/c6502/c6502.mk prog.hk
install(FILES guests/c6502/c6502.mk guests/c6502/c6502.cfg guests/c6502/asm.cfg
    DESTINATION ${CMAKE_INSTALL_DATADIR}/mews/c6502)
install(DIRECTORY guests/c6502/include guests/c6502/lib DESTINATION ${CMAKE_INSTALL_DATADIR}/mews/c6502)

foreach(section 1 3 5 7)
    file(GLOB pages CONFIGURE_DEPENDS docs/man/*.${section})
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

# The shells' scripts, which the program prints; SHELL, DIRECTORY, NAME: where Debian's shells look
set(scripts)
foreach(line "bash bash-completion/completions mews" "zsh zsh/vendor-completions _mews"
        "fish fish/vendor_completions.d mews.fish")
    separate_arguments(line UNIX_COMMAND "${line}")
    list(POP_FRONT line shell dir name)
    if(TARGET mews)
        set(script ${PROJECT_BINARY_DIR}/completions/mews.${shell})
        add_custom_command(OUTPUT ${script} DEPENDS mews COMMENT "completion for ${shell}"
            COMMAND ${CMAKE_COMMAND} -E make_directory completions
            COMMAND $<TARGET_FILE:mews> help --completions ${shell} > ${script}
            WORKING_DIRECTORY ${PROJECT_BINARY_DIR} VERBATIM)
        list(APPEND scripts ${script})
        install(FILES ${script} DESTINATION ${CMAKE_INSTALL_DATADIR}/${dir} RENAME ${name})
    endif()
endforeach()
add_custom_target(completions ALL DEPENDS ${scripts})

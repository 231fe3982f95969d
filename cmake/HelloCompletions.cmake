# What shells offer after the names of the programs, made from the tables of options by a program of the build.
set(HELLO_ZSH_COMPLETIONS share/zsh/site-functions CACHE STRING "Where completions for zsh go, below the prefix")

# hello_completion(PROGRAM SHELL FILE FOLDER): FILE, below build/completions, is installed in FOLDER.
set(completions)
function(hello_completion program shell file folder)
  set(path ${PROJECT_BINARY_DIR}/completions/${shell}/${file})
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/completions/${shell})
  add_custom_command(OUTPUT ${path}
    COMMAND hello-complete ${program} ${shell} > ${path}
    DEPENDS hello-complete
    VERBATIM)
  install(FILES ${path} DESTINATION ${folder})
  set(completions ${completions} ${path} PARENT_SCOPE)
endfunction()

foreach(program hello-server hello-load)
  hello_completion(${program} bash ${program} share/bash-completion/completions)
  hello_completion(${program} zsh _${program} ${HELLO_ZSH_COMPLETIONS})
  hello_completion(${program} fish ${program}.fish share/fish/vendor_completions.d)
endforeach()
add_custom_target(completions ALL DEPENDS ${completions})

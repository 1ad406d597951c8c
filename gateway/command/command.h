/* The commands of carbon-gateway: one function each, called by main with the arguments behind the
 * command's name. They return the exit status. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#define EXIT_DONE 0
#define EXIT_FAILED 1            /* the program could not do its job; a line above says why */
#define EXIT_WRONG 2             /* the arguments, or the configuration, are wrong */

int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_decode(int argc, char **argv);
int command_backup(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_why(int argc, char **argv);
int command_orders(int argc, char **argv);

/* Any verb of an order (model/order.h), by its name. */
int command_order(const char *verb, int argc, char **argv);

/* Matches argv[*i] against "--name VALUE" or "--name=VALUE" and moves *i on. Returns the value, or NULL
 * when argv[*i] is another argument. A missing value is told, and "" returned. */
const char *command_value(int argc, char **argv, int *i, const char *name);

/* EXIT_WRONG, and told, when no configuration was named. */
int command_need_config(const char *command, const char *path);

/* Tells of an argument that the command does not know. Returns EXIT_WRONG. */
int command_unknown(const char *command, const char *argument);

#endif
